namespace BloodPlatform.Audit.Invariants;

/// <summary>One collection is one fact in all five services.</summary>
internal static class Collections
{
    private const string Everywhere = """
        donor.donation d
        left join inventory.donation i on i.din = d.din and i.arrived_at is not null
        left join event.donation e on e.din = d.din
        left join (select g.* from recognition.credit g where g.voids is null and not exists (select from recognition.credit v where v.voids = g.id)) c on c.din = d.din
        left join partner.feed f on f.din = d.din and f.type = 'blood-platform.donation-collected'
        """;

    public static IEnumerable<Invariant> All { get; } =
    [
        // A needle that drew nothing leaves an abandoned visit and no donation.
        new("finished-visit-is-one-donation", "Each visit whose collection has ended with blood is exactly one donation, and each donation is of such a visit.",
            "select count(*) from donor.visit where ended_at is not null and status <> 'abandoned'",
            """
            select coalesce(v.id, d.visit_id) as visit, min(v.din) as visit_din, min(d.din) as din
            from (select id, din from donor.visit where ended_at is not null and status <> 'abandoned') v full join (select din, visit_id from donor.donation where visit_id is not null) d on d.visit_id = v.id
            group by 1 having count(*) <> 1 or count(v.id) <> 1 or count(d.din) <> 1 or min(v.din) is distinct from min(d.din)
            """),
        Once("collection-once-in-inventory", "Each collection has exactly one donation in Inventory, and Inventory has none without a collection.", "inventory.donation", "arrived_at is not null"),
        Once("collection-once-in-event", "Each collection is counted exactly once in Event, where drives' results are counted from, and nothing else is.", "event.donation"),
        new("results-are-the-sum-of-the-facts", "The sums that Event keeps of donations and visits are those of its rows, by drive, day, place, channel and volume.",
            "select (select count(*) from event.donation) + (select count(*) from event.visit)",
            """
            select coalesce(r.drive_id, s.drive_id)::text as drive_id, coalesce(r.day, s.day) as day, r.n as counted, s.n as kept, r.ml as counted_ml, s.ml as kept_ml
            from (select drive_id, donated_on as day, station_id, organiser_id, district, channel, nominal_ml, count(*) as n, coalesce(sum(collected_ml), 0) as ml, coalesce(sum(treatment_units), 0) as units, count(*) filter (where first_time) as first
                  from event.donation where not voided group by 1, 2, 3, 4, 5, 6, 7) r
            full join (select drive_id, day, station_id, organiser_id, district, channel, nominal_ml, sum(donations)::bigint as n, sum(volume_ml)::bigint as ml, sum(treatment_units)::bigint as units, sum(first_time)::bigint as first from event.collected group by 1, 2, 3, 4, 5, 6, 7
                       having (sum(donations), sum(volume_ml), sum(treatment_units), sum(first_time)) <> (0, 0, 0, 0)) s
              on (r.drive_id, r.day, r.station_id, r.organiser_id, r.district, r.channel, r.nominal_ml)::text = (s.drive_id, s.day, s.station_id, s.organiser_id, s.district, s.channel, s.nominal_ml)::text
            where (r.n, r.ml, r.units, r.first) is distinct from (s.n, s.ml, s.units, s.first)
            union all
            select coalesce(r.drive_id, s.drive_id)::text, null, r.visits, s.visits, r.deferred, s.deferred
            from (select drive_id, count(*) as visits, count(*) filter (where appointment_id is null) as walk_ins, count(*) filter (where outcome = 'deferred') as deferred, count(*) filter (where outcome = 'abandoned') as abandoned
                  from event.visit where drive_id is not null group by 1) r
            full join (select * from event.attended where (visits, walk_ins, deferred, abandoned) <> (0, 0, 0, 0)) s on s.drive_id = r.drive_id
            where (r.visits, r.walk_ins, r.deferred, r.abandoned) is distinct from (s.visits, s.walk_ins, s.deferred, s.abandoned)
            union all
            select coalesce(r.drive_id, s.drive_id)::text, null, r.n, s.donations, r.ml, s.volume_ml
            from (select drive_id, count(*) as n, coalesce(sum(collected_ml), 0) as ml, coalesce(sum(treatment_units), 0) as units from event.donation where not voided and drive_id is not null group by 1) r
            full join (select * from event.attended where (donations, volume_ml, treatment_units) <> (0, 0, 0)) s on s.drive_id = r.drive_id
            where (r.n, r.ml, r.units) is distinct from (s.donations::bigint, s.volume_ml, s.treatment_units::bigint)
            """),
        Once("collection-once-in-recognition", "Each collection has exactly one credit line that was granted for it in Recognition, and no line is without a collection.", "recognition.credit", "correction = 0 and voids is null"),
        Once("collection-once-in-feed", "Each collection is announced exactly once in the public feed, and nothing else is announced as one.", "partner.feed", "type = 'blood-platform.donation-collected'"),
        new("volume-equal-everywhere", "The collected ml and the treatment units of a collection, corrections included, are the same in Donor, Inventory, Event and Recognition; the feed has them as they were recorded.",
            "select count(*) from donor.donation",
            $"""
            select d.din, n.collected_ml as donor_ml, i.collected_ml as inventory_ml, e.collected_ml as event_ml, c.volume_ml as recognition_ml, (f.data->>'collectedMl')::int as feed_ml,
                   n.treatment_units as donor_units, i.treatment_units as inventory_units, e.treatment_units as event_units, c.treatment_units as recognition_units, (f.data->>'treatmentUnits')::int as feed_units
            from {Everywhere}
            join donor.donation_as_it_stands n on n.din = d.din
            where (i.din is not null and (coalesce(i.collected_ml, 0) <> coalesce(n.collected_ml, 0) or coalesce(i.treatment_units, 0) <> coalesce(n.treatment_units, 0)))
               or (e.din is not null and (coalesce(e.collected_ml, 0) <> coalesce(n.collected_ml, 0) or coalesce(e.treatment_units, 0) <> coalesce(n.treatment_units, 0)))
               or (c.din is not null and not n.voided and (c.volume_ml <> coalesce(n.collected_ml, 0) or c.treatment_units <> coalesce(n.treatment_units, 0)))
               or (f.din is not null and (coalesce((f.data->>'collectedMl')::int, 0) <> coalesce(d.collected_ml, 0) or coalesce((f.data->>'treatmentUnits')::int, 0) <> coalesce(d.treatment_units, 0)))
            """),
        new("void-donation-counts-nowhere", "A donation that was voided is marked so in Inventory, held there and not released, counted in no results of Event, and has no credit that stands; no other is.",
            "select count(*) from donor.donation",
            $"""
            select d.din, n.voided, i.voided_at, e.voided as event_voided, c.id as credit
            from {Everywhere}
            join donor.donation_as_it_stands n on n.din = d.din
            where (i.din is not null and (i.voided_at is not null) <> n.voided) or (e.din is not null and e.voided <> n.voided)
               or (n.voided and (c.id is not null or (i.din is not null and i.open_holds = 0))) or (not n.voided and c.id is null and exists (select from recognition.credit x where x.din = d.din))
            """),
        new("entered-in-error-by-two", "What came of a visit that was another donor's ended only for it and by two persons, and the true donor, where he is known, is deferred.",
            "select count(*) from donor.visit_void",
            """
            select w.id, w.visit_id, f.id as deferral_id, w.recorded_by, s.staff_id as signed_by, f.lifted_by, c.id as made_for_true_donor
            from donor.visit_void w left join donor.visit_void_named t on t.void_id = w.id left join donor.visit_void_signature s on s.void_id = w.id
            left join donor.deferral f on f.void_id = w.id or (f.copy_of is null and (f.visit_id = w.visit_id or f.din = w.din)) left join donor.deferral c on c.copy_of = f.id
            where s.staff_id = w.recorded_by or f.lifted_by = w.recorded_by or (f.void_id is not null and (s.staff_id is null or (f.visit_id = w.visit_id or f.din = w.din) is not true))
               or (t.true_donor_id is not null and f.id is not null and c.id is null and exists (select from donor.donor d where d.id = t.true_donor_id and d.status <> 'erased'))
            """),
        new("finding-corrected-by-another", "What was measured or answered is corrected by somebody else than who recorded it or made the correction before, without a gap; deferrals that end with it are the visit's and end by a third person's signature; the newest group stands.",
            "select count(*) from donor.finding_correction",
            """
            select c.visit_id, c.number, c.step, c.recorded_by, g.staff_id as signed_by, f.id as deferral_id, v.blood_group, c.group_after
            from (select c.*, row_number() over (partition by c.visit_id order by c.recorded_at, c.number) as nth, lag(c.recorded_by) over (partition by c.visit_id, c.step order by c.number) as before_by,
                         first_value(c.group_after) over (partition by c.visit_id order by c.group_after is null, c.number desc) as newest_group from donor.finding_correction c) c
            join donor.visit v on v.id = c.visit_id left join donor.visit_step s on s.visit_id = c.visit_id and s.step = c.step
            left join donor.finding_correction_signature g on g.correction_id = c.id left join donor.deferral f on f.finding_correction_id = c.id
            where c.number <> c.nth or s.staff_id is null or c.recorded_by = s.staff_id or c.recorded_by = c.before_by or g.staff_id in (s.staff_id, c.recorded_by) or v.blood_group is distinct from coalesce(c.newest_group, v.blood_group)
               or (f.id is not null and (g.staff_id is null or f.visit_id is distinct from c.visit_id or f.lifted_by is null or f.lifted_by in (s.staff_id, c.recorded_by)))
            """),
        new("reaction-voided-by-another", "A reaction is entered in error by somebody else than who recorded it.",
            "select count(*) from donor.reaction_void",
            "select r.id, r.recorded_by, x.voided_by, x.voided_at from donor.reaction_void x join donor.reaction r on r.id = x.reaction_id where x.voided_by = r.recorded_by or x.voided_at < r.recorded_at"),
        new("chair-group-equal-everywhere", "Inventory compares the laboratory's group with the one that stands of the pretest.",
            "select count(*) from inventory.donation where arrived_at is not null and chair_group is not null",
            "select d.din, v.blood_group, i.chair_group from donor.donation d join donor.visit v on v.id = d.visit_id join inventory.donation i on i.din = d.din and i.arrived_at is not null where v.blood_group is distinct from i.chair_group"),
        // A booked donor's visit may name only the appointment: then Event, which knows the booking, finds the drive.
        new("whose-and-where-equal-everywhere", "The donor, the drive, the station and the backfilled mark of a collection are the same everywhere.",
            "select count(*) from donor.donation",
            $"""
            select d.din, d.donor_id, d.drive_id, d.station_id, d.backfilled
            from {Everywhere}
            where (i.din is not null and (i.donor_id, i.drive_id, i.station_id, i.backfilled) is distinct from (d.donor_id, d.drive_id, d.station_id, d.backfilled))
               or (e.din is not null and ((e.donor_id, e.station_id, e.backfilled) is distinct from (d.donor_id, d.station_id, d.backfilled) or (d.drive_id is not null and e.drive_id is distinct from d.drive_id)))
               or (c.din is not null and (c.donor_id, c.drive_id, c.station_id, c.backfilled) is distinct from (d.donor_id, d.drive_id, d.station_id, d.backfilled))
               or (f.din is not null and ((f.donor_id, f.drive_id, f.station_id) is distinct from (d.donor_id, d.drive_id, d.station_id) or (f.data->>'backfilled')::boolean is distinct from d.backfilled))
            """),
        new("reported-collection-is-its-report", "What a station's own software reported and Donor did not refuse is exactly one collection, under the donor and the number of the report; a refused report is none, and no collection stands as reported without a report.",
            "select count(*) from inventory.donation_report",
            """
            select coalesce(r.id, v.id) as report, r.din, r.answered_at, r.refusal, v.din as collected
            from inventory.donation_report r full join (select * from donor.visit where identity_method = 'reported') v on v.id = r.id
            where r.id is null or r.answered_at is null or (r.refusal is null) is distinct from (v.id is not null)
               or (v.id is not null and (v.din, v.station_id, v.donor_id) is distinct from (r.din, r.station_id, (r.content->>'donorId')::uuid))
            """),
        // A station with software of its own may number its donations itself, under its own facility.
        new("number-issued-once", "Each donation number in use was issued exactly once, and to the station that used it, or is of a facility of that station's own.",
            "select count(*) from (select din from donor.visit where din is not null union select din from donor.donation) used",
            """
            select used.din, used.station_id, count(b.id) as issued
            from (select din, station_id from donor.visit where din is not null union select din, station_id from donor.donation) used
            left join inventory.din_block b on used.din = b.fin || lpad(b.yy::text, 2, '0') || right(used.din, 6) and b.station_id = used.station_id
                                           and case when right(used.din, 6) ~ '^[0-9]{6}$' then right(used.din, 6)::int end between b.first_number and b.last_number
            where not exists (select from inventory.station_mode m where m.station_id = used.station_id and left(used.din, 5) = any(m.facilities))
            group by 1, 2 having count(b.id) <> 1
            """),
    ];

    private static Invariant Once(string name, string sentence, string table, string where = "true") => new(name, sentence, "select count(*) from donor.donation",
        $"""
        select coalesce(d.din, x.din) as din, count(distinct d.din) as collections, count(x.din) as found
        from donor.donation d full join (select din from {table} where {where}) x on x.din = d.din
        group by 1 having count(*) <> 1 or count(d.din) <> 1 or count(x.din) <> 1
        """);
}
