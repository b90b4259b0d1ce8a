namespace BloodPlatform.Audit.Invariants;

/// <summary>Nobody is promised a place that is not there.</summary>
internal static class Bookings
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("slot-not-overbooked", "No slot has more bookings than places.",
            "select count(*) from event.slot",
            "select drive_id, starts_at, capacity, booked from event.slot where booked > capacity or booked < 0"),
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
