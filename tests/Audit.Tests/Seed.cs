using System.Globalization;
using System.Text;
using BloodPlatform.Chassis;

namespace BloodPlatform.Audit.Tests;

/// <summary>
/// A small platform at rest, written straight into the five schemas: the one place that follows when a schema changes. Three
/// donations: one released, of which a unit is issued, one reserved and one available; one backfilled; one reactive and withdrawn.
/// </summary>
internal static class Seed
{
    public static string Din(int number) => string.Create(CultureInfo.InvariantCulture, $"A999926{number:D6}");

    /// <summary>The same letters and number are the same id: id('station'), id('unit 1').</summary>
    private const string Functions = """
        create function public.id(name text) returns uuid language sql immutable as $$ select md5(name)::uuid $$;
        create function public.din(n int) returns text language sql immutable as $$ select 'A999926' || lpad(n::text, 6, '0') $$;
        -- An event of the Event service that was sent, heard and placed in the feed.
        create function public.said(type text, key uuid, version bigint, payload jsonb, variadic listeners text[]) returns void language plpgsql as $$
        declare event_id uuid := gen_random_uuid(); listener text;
        begin
            insert into event.outbox (recorded_at, event_id, type, key, version, payload, published_at) values (now(), event_id, 'BloodPlatform.Contracts.Event.' || type, key::text, version, payload, now());
            foreach listener in array listeners loop execute format('insert into %I.inbox (consumer, message_id) values (%L, %L)', listener, listener, event_id); end loop;
            update partner.feed_head set last = last + 1;
            insert into partner.feed (event_id, sequence, source, type, subject, version, occurred_at, data, station_id)
            select event_id, last, 'event', 'blood-platform' || regexp_replace(replace(lower(regexp_replace(type, '([A-Z])', '-\1', 'g')), ' ', ''), '^-', '.'), key::text, version, now(), payload, id('station') from partner.feed_head;
        end $$;
        grant usage on schema public to public;
        """;

    private const string Facts = """
        set session_replication_role = replica; -- whole facts, not every parent row they stand on
        alter table event.donation enable always trigger counted; -- but the sums are kept as they are in the platform
        alter table event.visit enable always trigger counted;

        insert into inventory.din_block (id, station_id, fin, yy, first_number, last_number, client_id, issued_at) values (id('block'), id('station'), 'A9999', 26, 1, 10, 'station', '2026-03-01');

        insert into event.slot (drive_id, starts_at, ends_at, capacity, booked) values (id('drive'), '2026-03-05 01:00Z', '2026-03-05 01:30Z', 2, 2);
        insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, backfilled, booked_at, created_at) values
            (id('appointment 1'), 2, id('drive'), '2026-03-05 01:00Z', id('donor 1'), 'whole-blood', 'poster', 'arrived', false, '2026-03-01', '2026-03-01'),
            (id('appointment 2'), 2, id('drive'), '2026-03-05 01:00Z', id('donor 2'), 'whole-blood', 'poster', 'cancelled', false, '2026-03-01', '2026-03-01'),
            (id('appointment 3'), 2, id('drive'), '2026-03-05 01:00Z', id('donor 3'), 'apheresis-platelets', 'poster', 'arrived', false, '2026-03-01', '2026-03-01');

        -- A stock that runs low, and the appeal that waits for places.
        insert into inventory.stock_level (station_id, component, blood_group, version, level, available, days_of_cover, missing, changed_at) values (id('station'), 'red-cells-suspended', 'O-', 1, 'red', 0, 0, 1, '2026-03-01');
        insert into event.stock_level (station_id, component, blood_group, version, level, days_of_cover, missing, changed_at) values (id('station'), 'red-cells-suspended', 'O-', 1, 'red', 0, 1, '2026-03-01');
        insert into event.waiting (id, version, drive_id, donor_id, procedure, channel, status, joined_at) values (id('waiting'), 2, id('drive'), id('donor 9'), 'whole-blood', 'poster', 'left', '2026-03-01');
        insert into event.appeal (id, version, station_id, source, procedure, districts, need, status, until, level, created_at) values (id('appeal'), 1, id('station'), 'stock', 'whole-blood', '{}', '{}', 'waiting', '2126-03-01', 'red', '2026-03-01');
        insert into event.appeal_group (appeal_id, station_id, procedure, blood_group, running, reckoned) values (id('appeal'), id('station'), 'whole-blood', 'O-', true, 0);

        -- A roster: one has come, one was not heard of yet.
        insert into event.group_booking (id, version, drive_id, claim_by, rows, status, created_at) values (id('roster'), 1, id('drive'), '2026-03-04', 2, 'open', '2026-03-01');
        insert into event.invitation (id, version, group_booking_id, drive_id, row, content, member_index, code_hash, status, donor_id, appointment_id)
        values (id('invitation 1'), 2, id('roster'), id('drive'), 0, '\x01', '\x01', '\x01', 'booked', id('donor 1'), id('appointment 1')), (id('invitation 2'), 1, id('roster'), id('drive'), 1, '\x02', '\x02', '\x02', 'invited', null, null);
        insert into event.subject_key (subject_id, wrapped_key) values (id('roster'), '\x00');
        -- A place that somebody took on the page of a code and did not come for.
        insert into event.provisional_booking (id, version, drive_id, slot_starts_at, held_until, channel, reference, status, created_at, settled_at) values (id('provisional'), 2, id('drive'), '2026-03-05 01:00Z', '2026-03-05 01:30Z', 'poster', 'A1B2C', 'lapsed', '2026-03-01', '2026-03-05 01:30Z');

        insert into event.organisation (id, version, name, kind, district, parent_id, path, status, created_at)
        select id(path[cardinality(path)]), 1, 'x', case path[1] when 'station' then 'blood-station' else 'other' end, '440703', id(path[cardinality(path) - 1]), array(select id(p) from unnest(path) with ordinality u(p, n) order by n), 'active', '2026-03-01'
        from (values (array['university']), (array['university', 'college']), (array['university', 'college', 'class']), (array['university', 'college', 'moved class']), (array['station'])) o(path);
        insert into donor.organisation (organisation_id, district, path, state_version) select id, district, path, version from event.organisation;
        insert into partner.organisation (id, version, kind, district, path, status) select id, version, kind, district, path, status from event.organisation;
        insert into event.organisation_placement (organisation_id, valid_from, valid_to, path)
        select id, case id when id('moved class') then '2025-01-01' else '-infinity'::date end, 'infinity'::date, path from event.organisation union all select id('moved class'), '-infinity', '2025-01-01', array[id('university'), id('moved class')];
        insert into event.coordinator (id, organisation_id, name, phone, starts_at, ends_at, recorded_at, client_id)
        values (id('coordinator 1'), id('university'), '\x01', '\x01', '2023-09-01', '2025-03-01', now(), 'x'), (id('coordinator 2'), id('university'), '\x01', '\x01', '2025-03-01', null, now(), 'x');
        insert into event.subject_key (subject_id, wrapped_key) select id, '\x00' from event.coordinator;
        insert into event.target (organisation_id, period_from, period_to, version, donations, volume_ml)
        values (id('class'), '2024-01-01', '2024-12-31', 1, 10, 3000), (id('moved class'), '2024-01-01', '2024-12-31', 1, 5, 0), (id('university'), '2024-01-01', '2024-12-31', 1, 1, 0);
        insert into event.target_total (organisation_id, period_from, period_to, donations, volume_ml)
        select id(o), '2024-01-01', '2024-12-31', n, ml from (values ('university', 16, 3000), ('college', 10, 3000), ('class', 10, 3000), ('moved class', 5, 0)) t(o, n, ml);
        insert into event.responsibility (id, body_id, district, starts_at) values (id('care'), id('university'), '440705', '2026-03-01');

        -- A weekly series with one drive and one day in the vacation; a request that was taken.
        insert into event.exclusion_calendar (id, version, organisation_id, name, created_at, changed_at) values (id('calendar'), 1, id('university'), '校历', '2026-01-01', '2026-01-01');
        insert into event.exclusion_entry (calendar_id, number, name, from_date, to_date) values (id('calendar'), 1, '寒假', '2026-02-01', '2026-02-28');
        insert into event.drive_series (id, version, organisation_id, rrule, starts_at, drive, make, horizon_days, calendar_ids, excluded_dates, status, last_day, planned_through, replan, created_at, changed_at)
        values (id('series'), 1, id('university'), 'FREQ=WEEKLY;COUNT=2', '2026-02-26 01:00Z', '{}', 'draft', 180, array[id('calendar')], '{}', 'active', '2026-03-05', '2026-03-05', false, '2026-01-01', '2026-01-01');
        insert into event.drive_occurrence (series_id, day, outcome, drive_id, drive_version, calendar_id, calendar, entry, entry_from, entry_to) values
            (id('series'), '2026-02-26', 'skipped', null, null, id('calendar'), '校历', '寒假', '2026-02-01', '2026-02-28'), (id('series'), '2026-03-05', 'made', id('drive of the series'), 1, null, null, null, null, null);
        insert into event.drive (id, version, organisation_id, parties, kind, visibility, venue_name, venue_address, district, starts_at, ends_at, slot_minutes, capacity_per_slot, walk_in_per_slot, procedures, status, backfilled, created_at, series_id, series_day, request_id)
        select id(name), 1, id('university'), '[]', 'organisation', 'organisation', '体育馆', '东成村22号', '440703', '2026-03-05 01:00Z', '2026-03-05 05:00Z', 30, 10, 0, '{whole-blood}', 'draft', false, '2026-01-01', series, case when series is not null then date '2026-03-05' end, request
        from (values ('drive of the series', id('series'), null::uuid), ('drive asked for', null, id('request'))) d(name, series, request);
        insert into event.drive_request (id, version, organisation_id, district, drive, wishes, expected_donors, last_wish, status, offers, drive_id, whichever, asked_at) values
            (id('request'), 3, id('university'), '440703', '{}', '[]', 100, '2026-03-05', 'taken', '[]', id('drive asked for'), true, '2026-01-01'), (id('request 2'), 1, id('university'), '440703', '{}', '[]', 100, '2026-03-05', 'asked', '[]', null, true, '2026-01-01');
        insert into event.drive_change (id, drive_id, changed_at, role, field, before, after) values
            (id('change 1'), id('drive asked for'), '2026-01-02', 'organiser', 'theme', null, '青春'), (id('change 2'), id('drive asked for'), '2026-01-03', 'organiser', 'theme', '青春', null),
            (id('change 3'), id('drive asked for'), '2026-01-04', 'station', 'startsAt', '2026-03-04T09:00:00+08:00', '2026-03-05T09:00:00+08:00');

        insert into donor.donor (id, version, status, name, document_kind, document_number, document_index, birth_date, phone, phone_index, sex, consents, apps, identity_assurance, registered_at)
        select id(who), 3, status, name, 'passport', name, uuid_send(id(who)), name, name, uuid_send(id(who)), '', '[]', '{}', 'declared', '2026-03-01' from (values ('restricted donor', 'restricted', '\x01'::bytea), ('erased donor', 'erased', '')) p(who, status, name);
        insert into donor.subject_key (subject_id, wrapped_key) values (id('restricted donor'), '\x00');
        insert into donor.erasure (id, donor_id, requested_at, outcome, retain_until, destroyed_at) values
            (id('erasure 1'), id('restricted donor'), '2026-03-07', 'restricted', '2036-03-05', null), (id('erasure 2'), id('erased donor'), '2026-03-07', 'erased', null, '2026-03-07');
        insert into donor.tombstone (donor_id, reasons) values (id('restricted donor'), '\x00');
        insert into event.donor (donor_id, profile_version, status, apps) select id(who), 3, 'erased', '{}' from unnest(array['restricted donor', 'erased donor']) who;
        insert into recognition.donor (donor_id, state_version, status, apps) select donor_id, 3, 'erased', '{}' from event.donor;
        insert into partner.donor (id, version, apps, erased) select donor_id, 2, '{}', true from event.donor;

        create temporary table collection (n int, drive_id uuid, procedure text, nominal_ml int, collected_ml int, treatment_units int, started_at timestamptz, backfilled boolean, released_at timestamptz, open_holds int, status text) on commit drop;
        insert into collection values
            (1, id('drive'), 'whole-blood', 400, 396, null, '2026-03-05 01:10Z', false, '2026-03-06 02:00Z', 0, 'available'),
            (2, null, 'whole-blood', 300, 300, null, '2024-03-05 01:10Z', true, null, 0, 'historic'),
            (3, id('drive'), 'apheresis-platelets', null, null, 2, '2026-03-05 01:15Z', false, null, 2, 'quarantine');

        insert into donor.visit (id, version, donor_id, station_id, drive_id, collection_point, status, opened_at, backfilled, last_at, identity_kind, identity_method, identity_outcome, rule_set, rule_set_version,
                                 procedure, nominal_ml, treatment_units, din, started_at, ended_at, collected_ml, outcome, external_check)
        select id('visit ' || n), 9, id('donor ' || n), id('station'), drive_id, 'bus', 'completed', started_at, backfilled, started_at, 'resident-id', 'chip', 'match', 'GB18467', '2011',
               procedure, nominal_ml, treatment_units, din(n), started_at, started_at + interval '7 minutes', collected_ml, 'completed', case when not backfilled then 'clear' end from collection;
        insert into donor.rule_set (code, version, valid_from, valid_to, document, recorded_at, position, kind, published_by)
        values ('GB18467', '2011', '2012-07-01', null, '{}', now(), 1, 'base', 'release'), ('fever', '1', '2021-03-29', '2023-01-07', '{"limits":{"donorsPerSlot":1}}', now(), 2, 'overlay', 'release');
        insert into event.rule_set (code, rule_set_version, version, valid_from, valid_to, intervals, kind, donors_per_slot, heard_at)
        values ('GB18467', '2011', 1, '2012-07-01', null, '[]', 'base', null, '2026-01-01'), ('fever', '1', 2, '2021-03-29', '2023-01-07', '[]', 'overlay', 1, '2026-01-01');
        insert into donor.decision (id, donor_id, visit_id, step, judged_on, rule_set, rule_set_version, input, outcome, recorded_at)
        values (id('decision'), id('donor 1'), id('visit 1'), 'open', '2026-03-05', 'GB18467', '2011', '\x00', '\x00', now());
        insert into donor.visit (id, version, donor_id, station_id, collection_point, status, opened_at, backfilled, last_at, identity_kind, identity_method, identity_outcome, rule_set, rule_set_version)
        values (id('visit of another'), 3, id('donor 2'), id('station'), 'bus', 'deferred', '2026-03-05 01:00Z', false, '2026-03-05 01:00Z', 'resident-id', 'chip', 'match', 'GB18467', '2011');
        insert into donor.visit_void (id, visit_id, recorded_at, recorded_by) values (id('void'), id('visit of another'), '2026-03-06', id('first'));
        insert into donor.visit_void_named (void_id, true_donor_id, named_at, named_by) values (id('void'), id('donor 3'), '2026-03-06', id('first'));
        insert into donor.visit_void_signature (void_id, staff_id, signed_at) values (id('void'), id('second'), '2026-03-06');
        -- Vitals and pretest of a visit were recorded wrong; the deferral that came of them ended by a third person's signature.
        update donor.visit set blood_group = 'O+' where din is not null;
        insert into donor.visit_step (visit_id, step, at, staff_id, record, recorded_at) select id('visit 1'), step, '2026-03-05', id('first'), '\x00', '2026-03-05' from unnest(array['vitals', 'pretest']) step;
        insert into donor.finding_correction (id, visit_id, number, step, reason_code, record, group_before, group_after, decision_id, withdrew, recorded_at, recorded_by) values
            (id('finding 1'), id('visit 1'), 1, 'pretest', 'entered-wrong', '\x00', 'A+', 'O+', id('decision'), false, '2026-03-06', id('second')),
            (id('finding 2'), id('visit 1'), 2, 'vitals', 'entered-wrong', '\x00', null, null, id('decision'), false, '2026-03-07', id('second'));
        insert into donor.finding_correction_signature (correction_id, staff_id, signed_at) values (id('finding 2'), id('third'), '2026-03-08');
        insert into donor.reaction (id, visit_id, donor_id, kind, severity, at, recorded_at, recorded_by) values (id('reaction'), id('visit 1'), id('donor 1'), 'vasovagal', 'mild', '2026-03-05', '2026-03-05', id('first'));
        insert into donor.reaction_void (reaction_id, reason_code, voided_at, voided_by) values (id('reaction'), 'no-reaction', '2026-03-06', id('second'));
        insert into donor.donation (din, donor_id, visit_id, station_id, drive_id, procedure, nominal_ml, collected_ml, treatment_units, donated_on, started_at, backfilled, recorded_at)
        select din(n), id('donor ' || n), id('visit ' || n), id('station'), drive_id, procedure, nominal_ml, collected_ml, treatment_units, started_at::date, started_at, backfilled, now() from collection;
        -- The third was reported by the station's own software; one more that it reported was refused.
        update donor.visit set identity_method = 'reported' where id = id('visit 3');
        insert into inventory.station_mode (id, station_id, mode, facilities, since, client_id) values (id('mode'), id('station'), 'mirrored', '{Z9876}', '2026-01-01', 'x');
        insert into inventory.station (station_id, district, version) values (id('station'), '440703', 1);
        insert into inventory.donation_report (id, din, station_id, content, reported_at, client_id, answered_at, refusal) values
            (id('visit 3'), din(3), id('station'), jsonb_build_object('donorId', id('donor 3')), '2026-03-05', 'x', '2026-03-05', null), (id('report'), din(10), id('station'), jsonb_build_object('donorId', id('nobody')), '2026-03-05', 'x', '2026-03-05', 'donor_unknown');
        insert into inventory.donation (din, version, station_id, status, open_holds, blood_group, tested_qualified, released_at, arrived_at, donor_id, drive_id, procedure, nominal_ml, collected_ml, treatment_units, outcome, started_at, backfilled, external_check, chair_group)
        select din(n), 1, id('station'), status, open_holds, 'O+', n = 1, released_at, now(), id('donor ' || n), drive_id, procedure, nominal_ml, collected_ml, treatment_units, 'completed', started_at, backfilled, case when not backfilled then 'clear' end, 'O+' from collection;
        insert into event.donation (din, version, donor_id, visit_id, drive_id, station_id, procedure, nominal_ml, collected_ml, treatment_units, first_time, donated_on, backfilled)
        select din(n), 1, id('donor ' || n), id('visit ' || n), drive_id, id('station'), procedure, nominal_ml, collected_ml, treatment_units, true, started_at::date, backfilled from collection;
        insert into recognition.credit_account (donor_id, version) select id('donor ' || n), 1 from collection;
        insert into recognition.credit (id, din, donor_id, station_id, drive_id, procedure, outcome, volume_ml, treatment_units, national_counts, national_rules, provincial_counts, provincial_rules, collected_at, backfilled, granted_at)
        select id('credit ' || n), din(n), id('donor ' || n), id('station'), drive_id, procedure, 'completed', coalesce(collected_ml, 0), coalesce(treatment_units, 0), 2, '2022', 2, '2019-2020', started_at, backfilled, now() from collection;

        insert into donor.donor (id, version, status, name, document_kind, document_number, document_index, birth_date, phone, phone_index, sex, consents, apps, identity_assurance, registered_at, merged_into)
        select id('donor ' || n), 3, case n when 4 then 'merged' else 'active' end, '\x01', 'passport', '\x01', uuid_send(id('donor ' || n)), '\x01', '\x01', '\x01', 'male', '[]', '{}', 'document-seen', '2024-03-01', case n when 4 then id('donor 1') end from generate_series(1, 4) n;
        insert into donor.merge (id, version, survivor_id, absorbed_id, dins, reason, merged_at, merged_by, undo_until) values (id('merge'), 1, id('donor 1'), id('donor 4'), '{}', '\x00', '2026-03-01', id('registrar'), '2026-03-31');
        insert into donor.donor_person (donor_id, person_id) values (id('donor 4'), id('donor 1'));
        update donor.donor set registered_by = id('registrar'), profile_version = 3 where id = id('donor 2');
        insert into donor.document (id, donor_id, kind, number, identity_index, recorded_at, seen_at) values (id('document'), id('donor 2'), 'passport', '\x01', uuid_send(id('donor 2')), '2024-03-01', '2026-03-05');
        insert into donor.identity_correction (id, donor_id, number, fields, reason_code, document_kind, document_id, before, after, recorded_at, recorded_by) values
            (id('identity 1'), id('donor 2'), 1, '{name}', 'entered-wrong', 'passport', id('document'), '\x00', '\x00', '2026-03-05', id('first')),
            (id('identity 2'), id('donor 2'), 2, '{birthDate,sex}', 'told-wrong', 'passport', id('document'), '\x00', '\x00', '2026-03-06', id('second'));
        insert into donor.deferral (id, donor_id, version, code, starts_on, ends_on, certainty, reentry, origin, visit_id, recorded_at, recorded_by, lifted_at, lifted_by, finding_correction_id)
        values (id('deferral of a finding'), id('donor 1'), 2, '\x00', '2026-03-05', '2026-03-08', 'final', false, 'visit', id('visit 1'), '2026-03-05', id('first'), '2026-03-08', id('third'), id('finding 2'));
        insert into donor.duplicate_dismissal (id, first_id, second_id, reason_code, dismissed_at, dismissed_by) values (id('dismissal'), least(id('donor 2'), id('donor 3')), greatest(id('donor 2'), id('donor 3')), 'twins', '2026-03-05', id('registrar'));
        -- Who registered with a document of an erased person; a needle that was in and drew nothing; a collection that nobody ended.
        insert into donor.tombstone_document (identity_index, donor_id) values ('\xaa', id('restricted donor'));
        insert into donor.document (id, donor_id, kind, number, identity_index, recorded_at, seen_at) values (id('document shown again'), id('donor 3'), 'passport', '\x01', '\xaa', '2026-03-08', '2026-03-08');
        insert into donor.tombstone_claim (tombstone_id, claimant_id) values (id('restricted donor'), id('donor 3'));
        insert into donor.visit (id, version, donor_id, station_id, collection_point, status, opened_at, backfilled, last_at, identity_kind, identity_method, identity_outcome, rule_set, rule_set_version, procedure, nominal_ml, started_at, left_told_at)
        select id(name), 7, id('donor 2'), id('station'), 'bus', status, '2026-03-06 01:00Z', false, '2026-03-06 01:30Z', 'resident-id', 'chip', 'match', 'GB18467', '2011', 'whole-blood', 400, '2026-03-06 01:20Z', told
        from (values ('visit of an empty needle', 'abandoned', null), ('visit that was left', 'collecting', timestamptz '2026-03-07 01:21Z')) v(name, status, told);
        insert into donor.visit_step (visit_id, step, at, staff_id, record, recorded_at) values (id('visit of an empty needle'), 'collection/start', '2026-03-06 01:20Z', id('first'), '\x00', '2026-03-06 01:20Z');
        insert into donor.subject_key (subject_id, wrapped_key) values (id('donor 2'), '\x00');
        insert into donor.attempt_correction (id, visit_id, reason_code, recorded_at, recorded_by) values (id('empty'), id('visit of an empty needle'), 'measured-again', '2026-03-06', id('second'));
        insert into event.donor_person (donor_id, person_id, version) values (id('donor 4'), id('donor 1'), 5);
        insert into inventory.donor_person select * from event.donor_person;
        insert into recognition.donor_person select * from event.donor_person;
        insert into partner.donor_person select * from event.donor_person;

        -- A look-back that is open, named by a donation under an absorbed id, whose bags are out of date; one that is closed, in which a restricted identity was read.
        insert into inventory.lookback (id, version, donor_id, din, station_id, reason, opened_at, opened_by, closed_at, closed_by, conclusion) values
            (id('lookback'), 1, id('donor 4'), din(1), id('station'), 'recipient-infection', '2026-03-10', id('first'), null, null, null),
            (id('closed lookback'), 2, id('restricted donor'), din(2), id('station'), 'post-donation-information', '2026-03-08', id('first'), '2026-03-09', id('second'), 'undetermined');
        insert into donor.lookback (id, donor_id, station_id, opened_at, closed_at) select id, donor_id, station_id, opened_at, closed_at from inventory.lookback;
        insert into donor.full_read (id, donor_id, at, station_id, client_id, staff_id, purpose, reason, lookback_id) values (id('read'), id('restricted donor'), '2026-03-08 02:00Z', id('station'), 'station', id('first'), 'notify-result', '\x00', id('closed lookback'));

        insert into inventory.test_run (id, station_id, run_id, instrument, controls_valid, staff_id, staff_number, accepted, rejected, recorded_at) values (id('run'), id('station'), 'R1', 'I1', true, id('laboratory'), 'L1', 2, 0, '2026-03-06 00:00Z');
        insert into inventory.test_result (test_run, row_index, din, test, outcome, performed_at) values (id('run'), 0, din(1), 'hbsag', 'non-reactive', '2026-03-05 23:00Z'), (id('run'), 1, din(3), 'hbsag', 'reactive', '2026-03-05 23:00Z');
        -- A row that a second person of the laboratory corrected; a pool that was reactive, its member clean by himself and let go by two.
        insert into inventory.test_result (test_run, row_index, din, test, outcome, performed_at, pool_id) values
            (id('run'), 2, din(1), 'anti-hcv', 'invalid', '2026-03-05 23:00Z', null), (id('run'), 3, din(1), 'nat-hbv', 'reactive', '2026-03-05 23:00Z', 'P1'), (id('run'), 4, din(1), 'nat-hbv', 'non-reactive', '2026-03-05 23:30Z', null);
        insert into inventory.test_result (test_run, row_index, din, test, outcome, performed_at, corrects, reason_code, corrected_at, staff_id, staff_number)
        select test_run, 5, din, test, 'non-reactive', performed_at, id, 'transcription', '2026-03-06 00:10Z', id('second laboratory'), 'L2' from inventory.test_result where outcome = 'invalid';
        insert into inventory.hold (id, din, kind, source_id, placed_at, lifted_at, lifted_by) values (id('hold 5'), din(1), 'test', id('hold 5'), '2026-03-06 00:00Z', '2026-03-06 00:40Z', id('second'));
        insert into inventory.hold_lift_signature (hold_id, staff_id, reason, signed_at) values (id('hold 5'), id('first'), 'x', '2026-03-06 00:30Z'), (id('hold 5'), id('second'), 'x', '2026-03-06 00:40Z');
        insert into inventory.release_signature (din, staff_id, staff_number, signed_at) values (din(1), id('first'), 'R1', '2026-03-06 01:00Z'), (din(1), id('second'), 'R2', '2026-03-06 02:00Z');
        insert into inventory.hold (id, din, kind, source_id, placed_at) values (id('hold 1'), din(3), 'test', id('requirement'), '2026-03-06 00:00Z'), (id('hold 2'), din(3), 'late-information', id('withdrawal'), '2026-03-06 01:00Z');
        insert into inventory.hold (id, din, unit_id, kind, source_id, placed_at, lifted_at, lifted_by) values (id('hold 3'), din(1), null, 'quality', id('hold 3'), '2026-03-05 22:00Z', '2026-03-05 23:00Z', id('second'));
        insert into inventory.hold_lift_signature (hold_id, staff_id, reason, signed_at) values (id('hold 3'), id('first'), 'x', '2026-03-05 22:30Z'), (id('hold 3'), id('second'), 'x', '2026-03-05 23:00Z');
        insert into donor.deferral (id, donor_id, version, code, starts_on, certainty, reentry, origin, requirement_id, recorded_at) values (id('deferral'), id('donor 3'), 1, '\x00', '2026-03-06', 'provisional', true, 'test', id('requirement'), now());

        insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, volume_ml, collected_at, produced_at, expires_at, status, open_holds, order_id, hospital_id)
        select id('unit ' || n), 1, din(d), id('station'), 'red-cells-suspended', 'P' || n, '00', 'O+', 200, '2026-03-05', '2026-03-05', '2026-04-09', status, holds, id(nullif('order ' || o, '')), case when status = 'issued' then id('hospital') end
        from (values (1, 1, 'issued', 0, '1'), (2, 1, 'reserved', 0, '2'), (3, 1, 'available', 0, null), (4, 2, 'historic', 0, null), (5, 3, 'quarantine', 2, null)) u(n, d, status, holds, o);
        insert into inventory.storage_place (station_id, code, version, name, kind) values (id('station'), 'F1', 1, 'F1', 'refrigerator'), (id('station'), 'B1', 1, 'B1', 'box');
        insert into inventory.unit_stay (unit_id, din, station_id, place, since) values (id('unit 3'), din(1), id('station'), 'F1', '2026-03-06'), (id('unit 1'), din(1), id('station'), 'B1', '2026-03-06 04:00Z');
        -- One that a count missed.
        insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, volume_ml, collected_at, produced_at, expires_at, status, open_holds)
        values (id('unit 9'), 2, din(1), id('station'), 'red-cells-suspended', 'P9', '00', 'O+', 200, '2026-03-05', '2026-03-05', '2026-04-09', 'unaccounted', 0);
        insert into inventory.stock_snapshot (id, station_id, taken_at, received_at, accepted, rejected, agreeing, client_id) values (id('count'), id('station'), '2026-03-07', '2026-03-07', 4, 0, 4, 'station');
        insert into inventory.snapshot_finding (snapshot_id, n, kind, unit_id, din, product_code, division, act) values (id('count'), 1, 'missing', id('unit 9'), din(1), 'P9', '00', 'unaccounted');
        -- One that was divided.
        insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, content_u, volume_ml, collected_at, produced_at, expires_at, status, open_holds, parent_id)
        select id('unit ' || n), 1, din(1), id('station'), 'red-cells-suspended', 'P6', division, 'O+', content, volume, '2026-03-05', '2026-03-05', '2026-04-09', status, 0, id(parent)
        from (values (6, '00', 2, 300, 'consumed', null), (7, 'A0', 1.2, 180, 'available', 'unit 6'), (8, 'B0', 0.8, 120, 'discarded', 'unit 6')) u(n, division, content, volume, status, parent);
        insert into inventory.hospital_order (id, version, hospital_id, component, blood_group, amount, unit, urgency, needed_by, allow_substitution, status, needs_crossmatch, explanation, created_at, groups, keeps_until, reserved_until)
        select id('order ' || n), 1, id('hospital'), 'red-cells-suspended', 'O+', 1, 'bags', 'routine', '2126-03-08', false, status, false, '[]', '2026-03-06', '{O+}', '2026-03-08', '2126-03-11' from (values (1, 'issued'), (2, 'allocated')) o(n, status);
        insert into inventory.order_line (order_id, unit_id, din, why, reserved_at) values (id('order 1'), id('unit 1'), din(1), 'same-group', '2026-03-06 03:00Z'), (id('order 2'), id('unit 2'), din(1), 'same-group', '2026-03-06 03:00Z');
        insert into inventory.unit_movement (unit_id, din, kind, to_status, at, recorded_at) values (id('unit 1'), din(1), 'issued', 'issued', '2026-03-06 04:00Z', '2026-03-06 04:00Z');
        insert into inventory.transfusion_reaction (id, transfusion_id, unit_id, din, station_id, hospital_id, kind, severity, imputability, onset_at, held, recorded_at, client_id)
        values (id('reaction of a patient'), id('transfusion'), id('unit 1'), din(1), id('station'), id('hospital'), 'febrile', 1, 'possible', '2026-03-07', false, '2026-03-07', 'hospital');
        insert into inventory.unit_movement (unit_id, din, kind, to_status, at, recorded_at, code) values (id('unit 1'), din(1), 'made', 'quarantine', '2026-03-06 01:00Z', '2026-03-06 01:00Z', 'pushed');
        -- A recall of a donation of which a hospital has a bag and has not answered; quality has lifted its hold since.
        insert into inventory.recall (id, version, station_id, cause, scope, deadline, opened_at, opened_by) values (id('recall'), 1, id('station'), 'other', jsonb_build_object('dins', jsonb_build_array(din(1))), '2026-03-11', '2026-03-10', id('first'));
        insert into inventory.recall_donation (recall_id, din, found_at, held) values (id('recall'), din(1), '2026-03-10', true);
        insert into inventory.hold (id, din, kind, source_id, placed_at, lifted_at, lifted_by, lift_reason) values (id('hold 4'), din(1), 'recall', id('recall'), '2026-03-10', '2026-03-11', id('second'), 'looked at');
        insert into inventory.hold_lift_signature (hold_id, staff_id, reason, signed_at) values (id('hold 4'), id('first'), 'x', '2026-03-10 22:30Z'), (id('hold 4'), id('second'), 'x', '2026-03-11');
        insert into inventory.hospital_task (id, version, why, source_id, unit_id, din, station_id, hospital_id, opened_at, deadline) values (id('task'), 1, 'recall', id('recall'), id('unit 1'), din(1), id('station'), id('hospital'), '2026-03-10', '2026-03-11');
        """;

    private static readonly (string Type, string Key, string Payload)[] Said =
    [
        ("Donor.DonationCollected", "donor 1", Collected(1, "drive", 396, null, false)),
        ("Donor.DonationCollected", "donor 2", Collected(2, null, 300, null, true)),
        ("Donor.DonationCollected", "donor 3", Collected(3, "drive", null, 2, false)),
        ("Recognition.CreditGranted", "donor 1", Credited(1)),
        ("Recognition.CreditGranted", "donor 2", Credited(2)),
        ("Recognition.CreditGranted", "donor 3", Credited(3)),
        ("Inventory.DonorDeferralRequired", "din 3", "jsonb_build_object('requirementId', id('requirement'), 'donorId', id('donor 3'), 'din', din(3))"),
        ("Donor.DonationWithdrawn", "donor 3", "jsonb_build_object('withdrawalId', id('withdrawal'), 'donorId', id('donor 3'), 'din', din(3))"),
        ("Inventory.OrderChanged", "order 2", "jsonb_build_object('orderId', id('order 2'), 'status', 'allocated')"),
        ("Inventory.DinBlockIssued", "block", "jsonb_build_object('blockId', id('block'))"), // the last: plants take it away, since no other invariant reads it
    ];

    private static string Collected(int n, string? drive, int? ml, int? units, bool backfilled) =>
        $"jsonb_build_object('din', din({n}), 'donorId', id('donor {n}'), 'driveId', {(drive is null ? "null::uuid" : $"id('{drive}')")}, 'collectedMl', {ml?.ToString(CultureInfo.InvariantCulture) ?? "null::int"}, 'treatmentUnits', {units?.ToString(CultureInfo.InvariantCulture) ?? "null::int"}, 'backfilled', {(backfilled ? "true" : "false")})";

    private static string Credited(int n) => $"jsonb_build_object('creditId', id('credit {n}'), 'donorId', id('donor {n}'), 'din', din({n}), 'kind', 'donation')";

    /// <summary>Facts, and each event as sent, heard by its listeners and placed in the feed.</summary>
    public static string Sql()
    {
        var sql = new StringBuilder("begin;\n").Append(Functions).Append(Facts);
        foreach (var ((name, key, payload), i) in Said.Select((s, i) => (s, i + 1)))
        {
            var type = EventTypes.Find($"BloodPlatform.Contracts.{name}") ?? throw new InvalidOperationException($"{name} is no contract any more");
            sql.Append(CultureInfo.InvariantCulture, $"""

                insert into {type.Publisher}.outbox (recorded_at, event_id, type, key, version, payload, published_at) select now(), id('event {i}'), '{type.Name}', '{key}', {i}, {payload}, now();
                insert into partner.feed (event_id, sequence, source, type, subject, version, occurred_at, data, station_id, donor_id, drive_id, din)
                select event_id, {i}, '{type.Publisher}', '{type.PublicName}', key, version, recorded_at, payload, id('station'), (payload->>'donorId')::uuid, (payload->>'driveId')::uuid, payload->>'din' from {type.Publisher}.outbox where event_id = id('event {i}');
                """);
            foreach (var listener in type.Listeners) sql.Append(CultureInfo.InvariantCulture, $"\ninsert into {listener}.inbox (consumer, message_id) values ('{listener}', id('event {i}'));");
        }
        return sql.Append(CultureInfo.InvariantCulture, $"\nupdate partner.feed_head set last = {Said.Length};\ncommit; set session_replication_role = origin;").ToString();
    }
}
