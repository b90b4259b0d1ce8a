namespace BloodPlatform.Audit.Invariants;

/// <summary>Nobody is promised a place that is not there.</summary>
internal static class Bookings
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("slot-not-overbooked", "No slot has more bookings than places.",
            "select count(*) from event.slot",
            "select drive_id, starts_at, capacity, booked from event.slot where booked > capacity or booked < 0"),
        // What was promised before the profile was heard of stays, and so does what is recorded afterwards.
        new("slot-within-the-profile", "No place was promised in a slot that the epidemic profile of its day had left none.",
            "select count(*) from event.slot",
            """
            select s.drive_id, s.starts_at, s.booked, p.code, p.donors_per_slot
            from event.slot s, lateral (select r.* from event.rule_set r, (select (s.starts_at at time zone 'Asia/Shanghai')::date as day) d
              where r.valid_from <= day and (r.valid_to is null or r.valid_to >= day)
                and not exists (select from event.rule_set n where n.kind = r.kind and (n.kind = 'base' or n.code = r.code) and n.valid_from <= day and n.valid_from > r.valid_from)
              order by r.donors_per_slot limit 1) p
            where s.booked > p.donors_per_slot
              and exists (select from event.appointment a where a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at and a.status <> 'cancelled' and not a.backfilled and a.created_at > p.heard_at + interval '1 minute')
            """),
        new("slot-counts-its-appointments", "A slot's counter equals its appointments that are not cancelled, and each of those is in a slot.",
            "select count(*) from event.slot",
            """
            select coalesce(s.drive_id, a.drive_id) as drive_id, coalesce(s.starts_at, a.slot_starts_at) as starts_at, s.booked, coalesce(a.n, 0) as appointments
            from event.slot s full join (select drive_id, slot_starts_at, count(*) as n from event.appointment where status <> 'cancelled' group by 1, 2) a
              on a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at
            where s.drive_id is null or s.booked <> coalesce(a.n, 0)
            """),
    ];
}
