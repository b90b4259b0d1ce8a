using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>
/// A donor asked for erasure: nobody books for him any more, his places in the future go back, and what was known of where he lives and belongs is
/// forgotten. That somebody came to a drive and gave stays: it is the drive's fact.
/// </summary>
public static class OnDonorErased
{
    public static async Task Handle(DonorErased e, Transaction tx)
    {
        // The donor first, as a booking does: none is made while this looks. His row may come later than this.
        var booked = await tx.Read($"""
            insert into event.donor (donor_id) values (@DonorId) on conflict (donor_id) do nothing;
            select donor_id from event.donor where donor_id = @DonorId for update;
            {AppointmentRow.Select} where a.donor_id in {Persons.Ids("@DonorId")} and a.status = 'booked' and a.slot_starts_at > @now order by a.id for update of a
            """, new { e.DonorId, now = tx.Now }, async grid =>
        {
            await grid.ReadSingleAsync<Guid>();
            return (await grid.ReadAsync<AppointmentRow>()).ToArray();
        });
        tx.Write("update event.donor set status = 'erased', profile_version = greatest(profile_version, @Version), district = null, apps = '{}', memberships = '[]' where donor_id = @DonorId", new { e.DonorId, e.Version });
        tx.WriteAny($"""
            with gone as (update event.waiting w set version = w.version + 1, status = 'left', settled_at = @now from event.waiting o where o.id = w.id and w.status in ('waiting', 'offered') and w.donor_id in {Persons.Ids("@DonorId")}
                          returning w.drive_id, o.status, w.offered_slot)
            update event.slot s set held = held - 1 from gone g where g.status = 'offered' and s.drive_id = g.drive_id and s.starts_at = g.offered_slot
            """, new { e.DonorId, now = tx.Now });
        // Who is meant by a row goes with its donor; a place that was kept for him is free.
        tx.WriteAny($"""
            with gone as (update event.invitation i set version = i.version + 1, content = null, member_index = null, status = case when o.status = 'claimed' then 'lapsed' else o.status end, settled_at = coalesce(i.settled_at, @now)
                          from event.invitation o where o.id = i.id and i.donor_id in {Persons.Ids("@DonorId")} returning i.drive_id, o.status, i.slot_starts_at)
            update event.slot s set held = s.held - g.n from (select drive_id, slot_starts_at, count(*) as n from gone where status = 'claimed' and slot_starts_at is not null group by 1, 2) g where s.drive_id = g.drive_id and s.starts_at = g.slot_starts_at
            """, new { e.DonorId, now = tx.Now });
        foreach (var before in booked)
        {
            before.Cancel(tx, "donor-erased", e.OccurredAt);
        }
    }
}
