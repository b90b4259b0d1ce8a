namespace BloodPlatform.Audit.Tests;

public sealed class InvariantTests(PlatformAtRest platform) : IClassFixture<PlatformAtRest>
{
    /// <summary>A person's places at two drives of the future, each under another of his ids.</summary>
    private static string TwoPlaces(string second) =>
        "insert into event.slot (drive_id, starts_at, ends_at, capacity, booked) select id('drive ' || at), at::timestamptz, at::timestamptz + interval '30 minutes', 2, 1 from unnest(array['2126-03-05 01:00Z', '" + second + "']) at; "
        + "insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, backfilled, booked_at, created_at) select id('place ' || at), 1, id('drive ' || at), at::timestamptz, id(donor), 'whole-blood', 'poster', 'booked', false, now(), now() from (values ('2126-03-05 01:00Z', 'donor 1'), ('" + second + "', 'donor 4')) p(at, donor)";

    private static string Bus(string qualifiedUntil) =>
        $"insert into event.site (id, version, station_id, kind, name, address, district, beds, power, water, indoor, qualification_number, qualified_until, created_at, changed_at) values (id('bus'), 1, id('station'), 'vehicle', '采血车', '江门', '440703', 4, true, true, true, '1', '{qualifiedUntil}', now(), now())";

    /// <summary>The appeal opened, and everybody has heard.</summary>
    private const string AppealOpened = """
        update event.appeal set status = 'open', opened_at = now(), need = '{"donations": 3, "bookings": 5}';
        select said('AppealOpened', id('appeal'), 2, '{"donations": 3, "bookings": 5}', 'partner');

        """;

    /// <summary>Somebody was told something about a booking, or about an entry of a wait-list.</summary>
    private static string Told(string of, string template, int version = 1, string purpose = "booking") =>
        $"select said('NoticeRequested', id('{of}'), {version}, '{{\"templateCode\": \"{template}\", \"purpose\": \"{purpose}\"}}', 'donor', 'partner');";

    private static string Lost(string reason) => $"update event.appointment set reason_code = '{reason}', settled_at = now() - interval '1 hour' where status = 'cancelled';";

    private const string Offered = "insert into event.waiting (id, version, drive_id, donor_id, procedure, channel, status, offered_slot, expires_at, joined_at) values (id('waiting 1'), 1, id('drive'), id('donor 9'), 'whole-blood', 'poster', 'offered', '2026-03-05 01:00Z', '2026-03-05 01:00Z', now());";

    /// <summary>Invariant, and a change that violates it alone; din 9 is an issued number that nobody used.</summary>
    private static readonly (string Invariant, string Plant)[] Plants =
    [
        ("finished-visit-is-one-donation", "update donor.visit set ended_at = null where din = din(2)"),
        ("finished-visit-is-one-donation", "update donor.visit set din = din(9) where din = din(2)"),
        ("finished-visit-is-one-donation", "insert into donor.visit select (jsonb_populate_record(v, jsonb_build_object('id', id('visit 9'), 'din', din(9)))).* from donor.visit v where din = din(2)"),
        ("collection-once-in-inventory", "update inventory.donation set arrived_at = null where din = din(2)"),
        ("collection-once-in-inventory", "insert into inventory.donation select (jsonb_populate_record(d, jsonb_build_object('din', din(9)))).* from inventory.donation d where din = din(2)"),
        ("collection-once-in-inventory", "alter table inventory.donation drop constraint donation_pkey cascade; insert into inventory.donation select * from inventory.donation where din = din(2)"),
        ("collection-once-in-event", "delete from event.donation where din = din(1)"),
        ("collection-once-in-event", "insert into event.donation select (jsonb_populate_record(d, jsonb_build_object('din', din(9)))).* from event.donation d where din = din(1)"),
        ("collection-once-in-event", "alter table event.donation drop constraint donation_pkey; insert into event.donation select * from event.donation where din = din(1)"),
        ("collection-once-in-recognition", "update recognition.credit set din = din(9) where din = din(1)"),
        ("collection-once-in-feed", "update partner.feed set type = 'blood-platform.donation-lost' where type = 'blood-platform.donation-collected' and din = din(1)"),
        ("collection-once-in-feed", "update partner.feed set type = 'blood-platform.donation-collected', din = din(9) where event_id = id('event 10')"),
        ("collection-once-in-feed", "update partner.feed set (type, din, donor_id, drive_id, data) = (select type, din, donor_id, drive_id, data from partner.feed where event_id = id('event 1')) where event_id = id('event 9')"),
        ("volume-equal-everywhere", "update inventory.donation set collected_ml = 397 where din = din(1)"),
        ("volume-equal-everywhere", "update event.donation set collected_ml = null where din = din(1)"),
        ("volume-equal-everywhere", "update recognition.credit set volume_ml = 400 where din = din(1)"),
        ("volume-equal-everywhere", "update partner.feed set data = jsonb_set(data, '{collectedMl}', '400') where event_id = id('event 1')"),
        ("volume-equal-everywhere", "update inventory.donation set treatment_units = 1 where din = din(3)"),
        ("volume-equal-everywhere", "update event.donation set treatment_units = 1 where din = din(3)"),
        ("volume-equal-everywhere", "update recognition.credit set treatment_units = 1 where din = din(3)"),
        ("volume-equal-everywhere", "insert into donor.donation_correction (id, din, number, kind, reason_code, collected_ml, outcome, bag, arm, started_at, ended_at, donated_on, deviations, restrictions, recorded_at, recorded_by) values (id('correction'), din(1), 1, 'corrected', 'measured-again', 390, 'completed', '{}', 'left', now(), now(), '2026-03-05', '{}', '{}', now(), id('second'))"),
        ("results-are-the-sum-of-the-facts", "update event.collected set volume_ml = volume_ml + 1"),
        ("results-are-the-sum-of-the-facts", "update event.attended set volume_ml = volume_ml + 1"),
        ("results-are-the-sum-of-the-facts", "insert into event.attended (drive_id, visits, walk_ins, deferred, abandoned) values (gen_random_uuid(), 1, 0, 0, 0)"),
        ("void-donation-counts-nowhere", "update inventory.donation set voided_at = now() where din = din(1)"),
        ("void-donation-counts-nowhere", "update event.donation set voided = true where din = din(1)"),
        ("entered-in-error-by-two", "update donor.visit_void_signature set staff_id = id('first')"),
        ("entered-in-error-by-two", "update donor.deferral set void_id = id('void'), lifted_at = now(), lifted_by = id('second') where finding_correction_id is null"),
        ("entered-in-error-by-two", "update donor.deferral set visit_id = id('visit of another') where finding_correction_id is null"),
        ("released-only-when-externally-clear", "update inventory.donation set external_check = 'unavailable' where din = din(1)"),
        ("released-only-when-externally-clear", "update donor.visit set external_check = 'hit' where din = din(3)"),
        ("whose-and-where-equal-everywhere", "update inventory.donation set donor_id = id('donor 2') where din = din(1)"),
        ("whose-and-where-equal-everywhere", "update event.donation set drive_id = null where din = din(1)"),
        ("whose-and-where-equal-everywhere", "update recognition.credit set drive_id = id('other drive') where din = din(1)"),
        ("whose-and-where-equal-everywhere", "update recognition.credit set backfilled = false where din = din(2)"),
        ("whose-and-where-equal-everywhere", "update partner.feed set station_id = id('other station') where event_id = id('event 1')"),
        ("reported-collection-is-its-report", "update inventory.donation_report set answered_at = null where din = din(3)"),
        ("reported-collection-is-its-report", "update inventory.donation_report set refusal = null where din = din(10)"),
        ("reported-collection-is-its-report", "update donor.visit set identity_method = 'reported' where din = din(1)"),
        ("reported-collection-is-its-report", "update inventory.donation_report set content = jsonb_build_object('donorId', id('donor 1')) where din = din(3)"),
        ("number-issued-once", "update inventory.din_block set first_number = 2"),
        ("number-issued-once", "insert into inventory.din_block select (jsonb_populate_record(b, jsonb_build_object('id', id('block 2'), 'first_number', 3))).* from inventory.din_block b"),
        ("number-issued-once", "update inventory.din_block set station_id = id('other station')"),
        ("slot-not-overbooked", "alter table event.slot drop constraint slot_never_overbooked; update event.slot set capacity = 1"),
        ("slot-within-the-profile", "update event.rule_set set valid_to = '2026-12-31' where code = 'fever'; update donor.rule_set set valid_to = '2026-12-31' where code = 'fever'"),
        ("slot-counts-its-appointments", "update event.slot set booked = 1"),
        ("slot-counts-its-appointments", "update event.appointment set status = 'booked' where status = 'cancelled'"),
        ("slot-counts-its-appointments", "delete from event.slot"),
        ("station-stands-where-it-is-registered", "delete from inventory.station"),
        ("station-stands-where-it-is-registered", "update inventory.station set district = '440705'"),
        ("organisation-path-follows-its-parent", "update event.organisation set parent_id = null where id = id('college')"),
        ("organisation-path-follows-its-parent", "update event.organisation set parent_id = id('class') where id = id('university')"),
        ("organisation-path-follows-its-parent", "update event.organisation set parent_id = id('nobody') where id = id('university')"),
        ("organisation-path-follows-its-parent", "update donor.organisation set path = array[id('university'), id('class')] where organisation_id = id('class')"),
        ("organisation-path-follows-its-parent", "delete from partner.organisation where id = id('college')"),
        ("organisation-stands-in-one-place", "update event.organisation_placement set valid_to = '2025-01-01' where organisation_id = id('college')"),
        ("organisation-stands-in-one-place", "update event.organisation_placement set valid_from = '2025-02-01' where organisation_id = id('moved class') and valid_to = 'infinity'"),
        ("organisation-stands-in-one-place", "update event.organisation_placement set valid_from = '2024-01-01' where organisation_id = id('university')"),
        ("organisation-stands-in-one-place", "update event.organisation_placement set path = array[id('university'), id('moved class')] where organisation_id = id('moved class') and valid_to = 'infinity'"),
        ("organisation-has-one-coordinator", "update event.coordinator set ends_at = '2025-03-02' where id = id('coordinator 1')"),
        ("organisation-has-one-coordinator", "delete from event.subject_key where subject_id = id('coordinator 2')"),
        ("organisation-has-one-coordinator", "update event.coordinator set name = null, phone = null, forgotten_at = now() where id = id('coordinator 1')"),
        ("organisation-has-one-coordinator", "drop index event.coordinator_one_now; update event.coordinator set ends_at = null"),
        ("target-total-is-the-sum", "update event.target_total set donations = donations + 1 where organisation_id = id('university')"),
        ("target-total-is-the-sum", "update event.target set volume_ml = 1 where organisation_id = id('class')"),
        ("target-total-is-the-sum", "delete from event.target_total where organisation_id = id('college')"),
        ("responsibility-once-at-a-time", "drop index event.responsibility_once_now; insert into event.responsibility select (jsonb_populate_record(r, jsonb_build_object('id', id('care 2')))).* from event.responsibility r"),
        ("slot-counts-its-appointments", "update event.appointment set walk_in = true where status <> 'cancelled'"),
        ("slot-not-overbooked", "alter table event.slot drop constraint slot_walk_ins_fit; update event.slot set walked_in = 1; insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, backfilled, booked_at, created_at, walk_in) values (id('appointment 9'), 1, id('drive'), '2026-03-05 01:00Z', id('donor 9'), 'whole-blood', 'desk', 'missed', false, now(), now(), true)"),
        ("bookings-keep-the-interval", $"{TwoPlaces("2126-03-06 01:00Z")}; insert into event.donor (donor_id, rule_set) values (id('donor 1'), 'GB18467'); update event.rule_set set intervals = '[{{\"from\":\"whole-blood\",\"to\":\"whole-blood\",\"months\":6,\"days\":0}}]' where code = 'GB18467'"),
        ("bookings-keep-the-interval", $"{TwoPlaces("2126-03-05 05:00Z")}; insert into event.donor (donor_id, rule_set) values (id('donor 1'), 'GB18467')"),
        ("slot-not-overbooked", "alter table event.slot drop constraint slot_never_overbooked; update event.slot set held = 1;" + Offered + Told("waiting 1", "place-offered", purpose: "waitlist")),
        ("open-offer-holds-its-place", "update event.slot set held = 1, capacity = 3"),
        ("open-offer-holds-its-place", Offered + Told("waiting 1", "place-offered", purpose: "waitlist")),
        ("open-offer-holds-its-place", "update event.invitation set slot_starts_at = '2026-03-05 01:00Z' where status = 'invited'"),
        ("open-offer-holds-its-place", "insert into event.provisional_booking (id, version, drive_id, slot_starts_at, held_until, channel, reference, content, phone_index, status, created_at) values (id('provisional 2'), 1, id('drive asked for'), '2026-03-05 01:00Z', '2126-03-05 01:30Z', 'poster', 'A1B2D', '\\x01', '\\x01', 'held', now()); insert into event.subject_key (subject_id, wrapped_key) values (id('provisional 2'), '\\x00')"),
        ("provisional-known-while-held", "insert into event.subject_key (subject_id, wrapped_key) values (id('provisional'), '\\x00')"),
        ("provisional-known-while-held", "alter table event.provisional_booking drop constraint provisional_kept_while_held; update event.provisional_booking set content = '\\x01'"),
        ("provisional-known-while-held", "update event.slot set held = 1, capacity = 3; insert into event.provisional_booking (id, version, drive_id, slot_starts_at, held_until, channel, reference, content, phone_index, status, created_at) values (id('provisional 2'), 1, id('drive'), '2026-03-05 01:00Z', '2026-03-05 01:30Z', 'poster', 'A1B2D', '\\x01', '\\x01', 'held', now()); insert into event.subject_key (subject_id, wrapped_key) values (id('provisional 2'), '\\x00')"),
        ("invitation-claimed-once", "update event.invitation set donor_id = null where status = 'booked'"),
        ("invitation-claimed-once", "drop index event.invitation_donor_once; update event.invitation set status = 'claimed', donor_id = id('donor 1') where status = 'invited'"),
        ("invitation-claimed-once", "alter table event.invitation drop constraint invitation_code_once; update event.invitation set code_hash = '\\x01'"),
        ("invitation-claimed-once", "update event.invitation set appointment_id = id('appointment 3') where status = 'booked'"),
        ("invitation-claimed-once", "update event.invitation set appointment_id = null"),
        ("invitation-claimed-once", "drop index event.invitation_appointment_once; update event.invitation set status = 'lapsed', appointment_id = id('appointment 1') where status = 'invited'"),
        ("invitation-ends-with-its-roster", "update event.group_booking set status = 'closed'"),
        ("roster-erased-with-its-key", "delete from event.subject_key where subject_id = id('roster')"),
        ("roster-erased-with-its-key", "update event.group_booking set erased_at = now(); delete from event.subject_key where subject_id = id('roster')"),
        ("only-a-place-blocks-days", "insert into event.booking_block (appointment_id, person_id, procedure, side, days) values (id('appointment 2'), id('donor 2'), 'whole-blood', 'on', '{[2026-03-05,2026-03-06)}')"),
        ("reminded-once-of-its-slot", "insert into event.reminder (appointment_id, kind, slot_starts_at, reminded_at) select id, 'reminder-3h', slot_starts_at, now() from event.appointment"),
        ("lost-booking-is-told", Lost("capacity-cut")),
        ("lost-booking-is-told", Lost("drive-cancelled")),
        ("lost-booking-is-told", Lost("drive-postponed") + Told("appointment 2", "capacity-cut")),
        ("lost-booking-is-told", Lost("drive-cancelled") + Told("appointment 2", "drive-cancelled") + Told("appointment 2", "drive-cancelled", 2)),
        ("lost-booking-is-told", Told("appointment 1", "drive-cancelled")),
        ("impossible-booking-is-told", Lost("no_longer_bookable")),
        ("impossible-booking-is-told", Lost("duplicate-booking") + Told("appointment 2", "no-longer-bookable") + Told("appointment 2", "no-longer-bookable", 2)),
        ("impossible-booking-is-told", Told("appointment 1", "no-longer-bookable")),
        ("offer-is-told", "update event.waiting set status = 'expired'"),
        ("offer-is-told", "update event.slot set held = 1, capacity = 3;" + Offered + Told("waiting 1", "place-offered", 7, "waitlist")),
        ("drive-at-a-qualified-site", $"{Bus("2026-03-04")}; update event.drive set status = 'approved', station_id = id('station'), site_id = id('bus') where id = id('drive asked for')"),
        ("drive-at-a-qualified-site", $"{Bus("2026-03-05")}; update event.drive set status = 'approved', station_id = id('other station'), vehicle_id = id('bus') where id = id('drive asked for')"),
        ("vehicle-at-one-drive", $"{Bus("2026-03-05")}; alter table event.drive drop constraint vehicle_at_one_drive; update event.drive set status = 'approved', station_id = id('station'), vehicle_id = id('bus')"),
        ("drive-is-as-its-log-says", "update event.drive set theme = '别的' where id = id('drive asked for')"),
        ("drive-is-as-its-log-says", "update event.drive set starts_at = starts_at - interval '1 minute' where id = id('drive asked for')"),
        ("drive-is-as-its-log-says", "delete from event.drive_change where id = id('change 2')"),
        ("series-has-one-drive-a-day", "drop index event.drive_one_per_occurrence; insert into event.drive select (jsonb_populate_record(d, jsonb_build_object('id', id('drive 2')))).* from event.drive d where id = id('drive of the series')"),
        ("series-has-one-drive-a-day", "delete from event.drive where id = id('drive of the series')"),
        ("series-has-one-drive-a-day", "update event.drive set series_day = '2026-03-12' where id = id('drive of the series')"),
        ("series-leaves-excluded-days-out", "update event.exclusion_entry set to_date = '2026-03-31'"),
        ("request-taken-has-one-drive", "drop index event.drive_one_per_request; insert into event.drive select (jsonb_populate_record(d, jsonb_build_object('id', id('drive 2')))).* from event.drive d where id = id('drive asked for')"),
        ("request-taken-has-one-drive", "delete from event.drive where id = id('drive asked for')"),
        ("request-taken-has-one-drive", "update event.drive set request_id = id('request 2') where id = id('drive of the series')"),
        ("unit-in-one-order", "drop index inventory.order_line_unit_in_one_order; insert into inventory.order_line select (jsonb_populate_record(l, jsonb_build_object('order_id', id('order 1')))).* from inventory.order_line l where unit_id = id('unit 2')"),
        ("unit-reserved-by-its-order", "update inventory.order_line set dropped_at = now() where unit_id = id('unit 2')"),
        ("unit-reserved-by-its-order", "update inventory.unit set order_id = id('order 1') where id = id('unit 2')"),
        ("order-got-what-it-may", "update inventory.hospital_order set groups = '{A+}' where id = id('order 2')"),
        ("order-got-what-it-may", "update inventory.hospital_order set component = 'plasma-frozen' where id = id('order 1')"),
        ("order-ends-in-time", "update inventory.hospital_order set reserved_until = now() - interval '11 minutes' where id = id('order 2')"),
        ("order-is-as-said", "update inventory.hospital_order set status = 'received' where id = id('order 2')"),
        ("released-by-two-who-entered-no-results", "delete from inventory.release_signature where staff_id = id('second')"),
        ("released-by-two-who-entered-no-results", "update inventory.release_signature set staff_id = id('laboratory') where staff_id = id('second')"),
        ("released-by-two-who-entered-no-results", "update inventory.release_signature set signed_at = '2026-03-06 05:00Z' where staff_id = id('second')"),
        ("released-by-two-who-entered-no-results", "update inventory.unit set status = 'available' where id = id('unit 5')"),
        ("released-by-two-who-entered-no-results", "update inventory.test_result set staff_id = id('second') where corrects is not null"),
        ("result-corrected-by-another", "update inventory.test_result set staff_id = id('laboratory') where corrects is not null"),
        ("result-corrected-by-another", "update inventory.test_result set din = din(2) where corrects is not null"),
        ("result-corrected-by-another", "update inventory.test_result set test = 'syphilis' where corrects is not null"),
        ("reactive-is-held-and-never-released", "update inventory.hold set kind = 'quality' where id = id('hold 1')"),
        ("reactive-is-held-and-never-released", "update inventory.donation set released_at = '2026-03-07' where din = din(3)"),
        ("pool-releases-nobody", "update inventory.hold set kind = 'quality' where id = id('hold 5')"),
        ("pool-releases-nobody", "delete from inventory.test_result where test = 'nat-hbv' and pool_id is null"),
        ("pool-releases-nobody", "update inventory.test_result set pool_id = 'P1', test = 'nat-hbv', outcome = 'invalid' where din = din(1) and test = 'hbsag'; update inventory.test_result set outcome = 'invalid' where test = 'nat-hbv' and pool_id is null"),
        ("issued-only-after-release", "update inventory.unit_movement set recorded_at = '2026-03-06 01:59Z' where kind = 'issued'"),
        ("issued-only-after-release", "delete from inventory.unit_movement"),
        ("reaction-holds-what-it-said", "update inventory.transfusion_reaction set held = true"),
        ("told-only-by-mirrored-stations", "update inventory.station_mode set since = '2026-03-07'"),
        ("told-only-by-mirrored-stations", "insert into inventory.station_mode (id, station_id, mode, facilities, since, client_id) values (id('mode 2'), id('station'), 'workflow', '{}', '2026-03-01', 'x')"),
        ("backfilled-unit-is-historic", "update inventory.unit set status = 'quarantine' where id = id('unit 4')"),
        ("processed-bag-lives-on", "update inventory.unit set parent_id = null"),
        ("processed-bag-lives-on", "update inventory.unit set status = 'discarded' where id = id('unit 6')"),
        ("processed-bag-lives-on", "update inventory.unit set din = din(2), status = 'historic' where id = id('unit 8')"),
        ("parts-hold-and-last-no-more", "update inventory.unit set volume_ml = 121 where id = id('unit 8')"),
        ("parts-hold-and-last-no-more", "update inventory.unit set content_u = 1.21 where id = id('unit 7')"),
        ("parts-hold-and-last-no-more", "update inventory.unit set expires_at = '2026-04-10' where id = id('unit 7')"),
        ("parts-hold-and-last-no-more", "update inventory.unit set irradiated_at = now() where id = id('unit 6')"),
        ("unaccounted-bag-is-promised-to-nobody", "update inventory.snapshot_finding set act = 'held'"),
        ("unaccounted-bag-is-promised-to-nobody", "insert into inventory.order_line (order_id, unit_id, din, why, reserved_at) values (id('order 2'), id('unit 9'), din(1), 'x', now())"),
        ("stored-bag-is-in-hand", "update inventory.unit set status = 'discarded' where id = id('unit 3')"),
        ("stored-bag-is-in-hand", "update inventory.storage_place set kind = 'room' where code = 'B1'"),
        ("stored-bag-is-in-hand", "update inventory.storage_place set closed = true where code = 'F1'"),
        ("hold-counters-are-true", "update inventory.unit set open_holds = 0 where id = id('unit 5')"),
        ("hold-counters-are-true", "update inventory.donation set open_holds = 0 where din = din(3)"),
        ("hold-counters-are-true", "update inventory.hold set lifted_at = now(), lifted_by = id('second') where id = id('hold 1'); insert into inventory.hold_lift_signature select id('hold 1'), staff_id, reason, now() from inventory.hold_lift_signature where hold_id = id('hold 3')"),
        ("hold-lifted-by-two", "delete from inventory.hold_lift_signature where staff_id = id('first')"),
        ("hold-lifted-by-two", "update inventory.hold set lifted_by = id('laboratory') where id = id('hold 3')"),
        ("withdrawn-donation-was-held", "update inventory.hold set source_id = id('another cause') where id = id('hold 2')"),
        ("required-deferral-exists", "delete from donor.deferral"),
        ("required-deferral-exists", "update donor.deferral set donor_id = id('donor 1')"),
        ("lookback-known-to-donor", "delete from donor.lookback where id = id('lookback')"),
        ("lookback-known-to-donor", "insert into donor.lookback (id, donor_id, station_id, opened_at) values (id('lookback 9'), id('donor 1'), id('station'), now())"),
        ("lookback-known-to-donor", "update donor.lookback set closed_at = now() where id = id('lookback')"),
        ("lookback-known-to-donor", "update donor.lookback set station_id = id('other station') where id = id('lookback')"),
        ("lookback-known-to-donor", "update inventory.lookback set donor_id = id('donor 2') where id = id('lookback')"),
        ("lookback-holds-what-is-in-date", "update inventory.unit set expires_at = now() + interval '1 day' where id = id('unit 3')"),
        ("lookback-holds-what-is-in-date", "insert into inventory.lookback (id, version, donor_id, din, station_id, reason, opened_at, opened_by) values (id('lookback 9'), 1, id('donor 3'), din(3), id('station'), 'recipient-infection', now(), id('first')); insert into donor.lookback (id, donor_id, station_id, opened_at) values (id('lookback 9'), id('donor 3'), id('station'), now()); delete from inventory.unit where din = din(3)"),
        ("recall-lists-its-scope", "delete from inventory.recall_donation"),
        ("recall-lists-its-scope", "update inventory.recall set scope = '{\"runId\": \"R1\"}'"),
        ("recall-lists-its-scope", "update inventory.recall set scope = '{\"instrument\": \"I1\", \"from\": \"2026-03-05T22:00:00Z\", \"to\": \"2026-03-05T23:00:00Z\"}'"),
        ("recall-lists-its-scope", "update inventory.recall set scope = jsonb_build_object('driveId', id('drive'))"),
        ("recall-lists-its-scope", "update inventory.unit_stay set din = din(3); update inventory.recall set scope = '{\"storagePlace\": \"F1\", \"from\": \"2026-03-05T22:00:00Z\", \"to\": \"2026-03-06T23:00:00Z\"}'"),
        ("recall-lists-its-scope", "update inventory.recall set donor_id = id('donor 3')"),
        ("recall-lists-its-scope", "update inventory.donation set bag_lot = 'L1' where din = din(3); update inventory.recall set scope = '{\"bagLot\": \"L1\"}'"),
        ("recall-holds-what-is-in-date", "insert into inventory.recall_donation (recall_id, din, found_at, held) values (id('recall'), din(3), now(), true); update inventory.unit set expires_at = now() + interval '1 day' where din = din(3)"),
        ("recall-asks-the-hospital", "delete from inventory.hospital_task"),
        ("recall-asks-the-hospital", "update inventory.hospital_task set hospital_id = id('other hospital')"),
        ("recall-asks-the-hospital", "update inventory.recall set closed_at = now(), closed_by = id('second'), conclusion = 'undetermined', closing = '\\x00'"),
        ("identity-read-in-its-own-lookback", "update donor.full_read set lookback_id = null"),
        ("identity-read-in-its-own-lookback", "update donor.full_read set lookback_id = id('lookback')"),
        ("identity-read-in-its-own-lookback", "update donor.full_read set station_id = id('other station')"),
        ("identity-read-in-its-own-lookback", "insert into donor.full_read (id, donor_id, at, station_id, client_id, staff_id, purpose, reason) values (id('read 9'), id('donor 2'), now(), id('station'), 'station', id('first'), 'look-back', '\\x00')"),
        ("credit-announced-once", "update recognition.outbox set payload = jsonb_set(payload, '{creditId}', to_jsonb(id('credit 9'))) where event_id = id('event 4')"),
        ("honour-follows-counts", "update recognition.credit set national_counts = 20 where din = din(1)"),
        ("honour-follows-counts", "update recognition.credit set provincial_counts = 15 where din = din(1)"),
        ("honour-follows-counts", "insert into recognition.honour (id, donor_id, award, level, rule_set_version, earned_at) values (id('honour'), id('donor 1'), 'national-dedication', 'bronze', '2022', now())"),
        ("merged-donor-has-his-survivor", "update donor.donor set status = 'active' where id = id('donor 4')"),
        ("merged-donor-has-his-survivor", "update donor.merge set undone_at = now()"),
        ("merged-donor-has-his-survivor", "update donor.donor set status = 'merged' where id = id('donor 2')"),
        ("merged-donor-has-his-survivor", "update donor.donor set merged_into = id('donor 2') where id = id('donor 4')"),
        ("merge-followed-everywhere", "delete from inventory.donor_person"),
        ("merge-followed-everywhere", "update event.donor_person set person_id = id('donor 2')"),
        ("merge-followed-everywhere", "insert into recognition.donor_person (donor_id, person_id, version) values (id('donor 3'), id('donor 2'), 9)"),
        ("merge-followed-everywhere", "update partner.donor_person set person_id = donor_id"),
        ("person-has-one-visit", "insert into donor.visit select (jsonb_populate_record(v, jsonb_build_object('id', id('visit ' || donor), 'donor_id', id(donor), 'status', 'consulted', 'din', null, 'ended_at', null))).* from donor.visit v cross join unnest(array['donor 1', 'donor 4']) donor where din = din(2)"),
        ("person-has-one-place", "insert into event.slot (drive_id, starts_at, ends_at, capacity, booked) values (id('other drive'), '2126-03-05 01:00Z', '2126-03-05 01:30Z', 2, 2); insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, backfilled, booked_at, created_at) select id('place ' || donor), 1, id('other drive'), '2126-03-05 01:00Z', id(donor), 'whole-blood', 'poster', 'booked', false, now(), now() from unnest(array['donor 1', 'donor 4']) donor"),
        ("reactive-person-was-looked-back-on", "insert into inventory.donor_safety (donor_id, reactive_since) values (id('donor 4'), now()); delete from inventory.lookback where closed_at is null; delete from donor.lookback where closed_at is null; update inventory.unit set expires_at = now() + interval '1 day' where id = id('unit 3')"),
        ("judged-by-published-rules", "update donor.decision set rule_set_version = '2012'"),
        ("judged-by-published-rules", "update donor.decision set donor_id = id('donor 3')"),
        ("judged-by-published-rules", "update donor.decision set rule_set_version = '2011+fever.2'; update donor.visit set rule_set_version = '2011+fever.2' where id = id('visit 1')"),
        ("bookings-know-the-rules", "delete from event.rule_set where code = 'fever'"),
        ("bookings-know-the-rules", "insert into event.rule_set (code, rule_set_version, version, valid_from, intervals, kind) values ('GB18467', '2012', 9, '2012-07-01', '[]', 'base')"),
        ("bookings-know-the-rules", "update event.rule_set set donors_per_slot = 9 where code = 'fever'"),
        ("bookings-know-the-rules", "update event.rule_set set valid_to = '2023-01-08' where code = 'fever'"),
        ("erased-person-has-no-key", "insert into donor.subject_key (subject_id, wrapped_key) values (id('erased donor'), '\\x00')"),
        ("erased-person-has-no-key", "delete from donor.subject_key where subject_id = id('restricted donor')"),
        ("erased-person-has-no-key", "update donor.donor set phone = '\\x01' where id = id('erased donor')"),
        ("erased-person-has-no-key", "update donor.donor set apps = array[id('app')] where id = id('restricted donor')"),
        ("deferral-survives-erasure", "delete from donor.tombstone_claim; delete from donor.tombstone"),
        ("identity-corrected-by-another", "update donor.donor set registered_by = id('second') where id = id('donor 2')"),
        ("identity-corrected-by-another", "update donor.identity_correction set recorded_by = id('first')"),
        ("identity-correction-stands-on-its-document", "update donor.identity_correction set number = 3 where number = 2"),
        ("identity-correction-stands-on-its-document", "update donor.identity_correction set recorded_at = '2026-03-07' where number = 1"),
        ("identity-correction-stands-on-its-document", "update donor.identity_correction set fields = '{}' where number = 1"),
        ("identity-correction-stands-on-its-document", "update donor.identity_correction set fields = '{phone}' where number = 1"),
        ("identity-correction-stands-on-its-document", "update donor.document set seen_at = null"),
        ("identity-correction-stands-on-its-document", "delete from donor.document where id = id('document')"),
        ("identity-correction-stands-on-its-document", "update donor.donor set identity_assurance = 'declared' where id = id('donor 2')"),
        ("identity-correction-stands-on-its-document", "update donor.donor set profile_version = 2 where id = id('donor 2')"),
        ("dismissed-candidates-are-two-persons", "update donor.duplicate_dismissal set first_id = least(id('donor 1'), id('donor 4')), second_id = greatest(id('donor 1'), id('donor 4'))"),
        ("dismissed-candidates-are-two-persons", "update donor.duplicate_dismissal set undone_at = now()"),
        ("claimant-showed-the-document", "delete from donor.tombstone_document"),
        ("claimant-showed-the-document", "update donor.tombstone_claim set claimant_id = id('nobody')"),
        ("empty-needle-found-by-another", "update donor.attempt_correction set recorded_by = id('first')"),
        ("empty-needle-found-by-another", "update donor.visit set collected_ml = 50 where id = id('visit of an empty needle')"),
        ("finding-corrected-by-another", "update donor.finding_correction set recorded_by = id('first') where id = id('finding 1')"),
        ("finding-corrected-by-another", "update donor.finding_correction set number = 3 where id = id('finding 2')"),
        ("finding-corrected-by-another", "update donor.finding_correction_signature set staff_id = id('second')"),
        ("finding-corrected-by-another", "delete from donor.finding_correction_signature"),
        ("finding-corrected-by-another", "update donor.finding_correction set group_after = 'B+' where id = id('finding 1')"),
        ("finding-corrected-by-another", "update donor.deferral set lifted_by = id('second') where id = id('deferral of a finding')"),
        ("reaction-voided-by-another", "update donor.reaction_void set voided_by = id('first')"),
        ("reaction-voided-by-another", "update donor.reaction_void set voided_at = '2026-03-04'"),
        ("chair-group-equal-everywhere", "update inventory.donation set chair_group = 'A+' where din = din(2)"),
        ("left-collection-is-told", "update donor.visit set left_told_at = null"),
        ("dismissed-candidates-are-two-persons", "update donor.duplicate_dismissal set undone_at = '2026-03-04', undone_by = id('first')"),
        ("erased-donor-is-nobodys", "update event.donor set status = 'active' where donor_id = id('erased donor')"),
        ("erased-donor-is-nobodys", "delete from recognition.donor where donor_id = id('restricted donor')"),
        ("erased-donor-is-nobodys", "update partner.donor set erased = false"),
        ("erased-donor-is-nobodys", "insert into event.slot (drive_id, starts_at, ends_at, capacity, booked) values (id('other drive'), '2126-03-05 01:00Z', '2126-03-05 01:30Z', 2, 1); insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, backfilled, booked_at, created_at) values (id('appointment 9'), 1, id('other drive'), '2126-03-05 01:00Z', id('erased donor'), 'whole-blood', 'poster', 'booked', false, now(), now())"),
        ("stock-level-as-said", "update event.stock_level set level = 'normal'"),
        ("stock-level-as-said", "delete from inventory.stock_level"),
        ("appeal-runs-with-its-groups", "update event.appeal_group set running = false"),
        ("appeal-runs-with-its-groups", "update event.appeal_group set procedure = 'apheresis-platelets'"),
        ("appeal-is-said", "update event.appeal set status = 'open', opened_at = now()"),
        ("appeal-need-is-said", AppealOpened + "update event.appeal set need = jsonb_set(need, '{donations}', '2')"),
        ("appeal-need-is-said", AppealOpened + "update event.appeal set need = jsonb_set(need, '{bookings}', '6')"),
        ("outboxes-empty", "insert into event.outbox (recorded_at, event_id, type, key, version, payload) values (now(), id('event 11'), 'BloodPlatform.Contracts.Event.DriveClosed', 'drive', 1, '{}')"),
        ("nothing-parked", "insert into event.outbox (recorded_at, event_id, type, key, version, payload, parked_at) values (now(), id('event 11'), 'BloodPlatform.Contracts.Event.DriveClosed', 'drive', 1, '{}', now())"),
        ("nothing-parked", "insert into recognition.parked_message (message_id, type, body, error) values (id('event 11'), 'unknown', '{}', 'why')"),
        ("event-is-documented", "update inventory.outbox set type = 'BloodPlatform.Contracts.Inventory.Unheard' where event_id = id('event 10')"),
        ("event-heard-by-each-listener", "delete from inventory.inbox where message_id = id('event 1')"),
        ("event-heard-by-each-listener", "delete from partner.inbox where message_id = id('event 10')"),
        ("event-once-in-feed", "delete from partner.feed where event_id = id('event 10'); update partner.feed_head set last = 9"),
        ("event-once-in-feed", "alter table partner.feed drop constraint feed_pkey; insert into partner.feed select (jsonb_populate_record(f, '{\"sequence\": 11}')).* from partner.feed f where event_id = id('event 10'); update partner.feed_head set last = 11"),
        ("event-once-in-feed", "insert into inventory.outbox (recorded_at, event_id, type, key, version, payload, published_at) select recorded_at, event_id, type, key, version, payload, published_at from inventory.outbox where event_id = id('event 10')"),
        ("feed-entry-was-published", "insert into partner.feed select (jsonb_populate_record(f, jsonb_build_object('event_id', id('event 11'), 'sequence', 11))).* from partner.feed f where event_id = id('event 10'); update partner.feed_head set last = 11"),
        ("feed-entry-was-published", "update partner.feed set source = 'event' where event_id = id('event 10')"),
        ("feed-is-dense", "update partner.feed set sequence = 11 where sequence = 10; update partner.feed_head set last = 11"),
        ("feed-is-dense", "update partner.feed set sequence = null where sequence = 10; update partner.feed_head set last = 9"),
        ("feed-is-dense", "update partner.feed_head set last = 11"),
    ];

    public static TheoryData<int, string> PlantNames => [.. Plants.Select((p, i) => (i, p.Invariant))];

    [Fact]
    public async Task A_consistent_platform_violates_nothing_and_every_invariant_had_something_to_look_at()
    {
        var findings = await platform.Judge("", platform.Broker, platform.Listeners);
        Assert.Equal(Invariant.All.Count, findings.Count);
        Assert.All(findings, f => Assert.True(f.Holds, $"{f.Invariant.Name}: {f.Unknown} {string.Join(" | ", f.Examples)}"));
        Assert.DoesNotContain(findings, f => f.LookedAt is not > 0);
    }

    [Theory, MemberData(nameof(PlantNames))]
    public async Task A_planted_violation_is_caught_by_exactly_its_invariant(int plant, string invariant)
    {
        var findings = await platform.Judge(Plants[plant].Plant, platform.Broker, platform.Listeners);
        Assert.DoesNotContain(findings, f => f.Unknown is not null);
        var violated = Assert.Single(findings, f => f.Violations > 0);
        Assert.Equal(invariant, violated.Invariant.Name);
        Assert.NotEmpty(violated.Examples);
    }

    [Fact]
    public async Task A_lost_credit_line_is_missed_by_the_collection_and_by_its_announcement()
    {
        var findings = await platform.Judge("delete from recognition.credit where din = din(1)", platform.Broker, platform.Listeners);
        Assert.Equal(["collection-once-in-recognition", "credit-announced-once"], findings.Where(f => f.Violations > 0).Select(f => f.Invariant.Name));
    }

    /// <summary>Those about the broker are planted in the broker (<see cref="BrokerTests"/>).</summary>
    [Fact]
    public void Every_invariant_is_planted() =>
        Assert.Equal(Invariant.All.Select(i => i.Name).Except(["queues-empty", "bindings-equal-listeners"]).Order(), Plants.Select(p => p.Invariant).Distinct().Order());

    [Fact]
    public async Task At_most_five_examples_are_shown_and_all_are_counted()
    {
        var finding = (await platform.Judge("insert into donor.parked_message (message_id, body, error) select id('poison ' || n), '', '' from generate_series(1, 7) n", platform.Broker, platform.Listeners)).Single(f => f.Violations > 0);
        Assert.Equal((7, 5), (finding.Violations, finding.Examples.Count));
    }

    [Fact]
    public async Task A_changed_schema_is_not_taken_for_a_proof()
    {
        var findings = await platform.Judge("alter table event.slot rename column booked to taken; update event.slot set capacity = 3", platform.Broker, platform.Listeners);
        Assert.Equal(["slot-not-overbooked", "slot-within-the-profile", "slot-counts-its-appointments"], findings.Where(f => f.Unknown is not null).Select(f => f.Invariant.Name));
        Assert.Contains("42703", findings.First(f => f.Unknown is not null).Unknown, StringComparison.Ordinal);
        Assert.DoesNotContain(findings, f => f.Violations > 0);
    }

    [Fact]
    public async Task Without_the_broker_or_the_table_of_listeners_nothing_is_said_of_them()
    {
        var findings = await platform.Judge("", null, null);
        Assert.Equal(["queues-empty", "bindings-equal-listeners", "event-is-documented", "event-heard-by-each-listener"], findings.Where(f => f.Unknown is not null).Select(f => f.Invariant.Name));
        Assert.Equal(2, Program.Print(findings, TextWriter.Null));
    }
}
