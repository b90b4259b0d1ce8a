using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>
/// Two donors are one person: his bookings stand against each other from now on. Of two that can't both be kept, the later
/// one to be booked gives its place back.
/// </summary>
public static class OnDonorsMerged
{
    public static async Task Handle(DonorsMerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        // His donors' rows first, as a booking does: none is made while this looks. They may come later than this.
        var (bookings, rules) = await tx.Read($"""
            {Persons.Keep}
            insert into event.donor (donor_id) select d.id from {Persons.Ids("@person")} as d(id) order by d.id on conflict (donor_id) do nothing;
            select donor_id from event.donor where donor_id in {Persons.Ids("@person")} order by donor_id for update;
            {AppointmentRow.Select} where a.donor_id in {Persons.Ids("@person")} and a.status in ('booked', 'arrived')
              and not exists (select from event.visit v where v.appointment_id = a.id and v.outcome in ('deferred', 'abandoned')) order by a.id for update of a;
            select r.valid_from, r.intervals::text as intervals from event.rule_set r where r.code = (select rule_set from event.donor where donor_id = {Persons.Of("@person")})
            """, new { person = e.Survivor, ids, versions }, async grid =>
        {
            await grid.ReadAsync<Guid>();
            return ((await grid.ReadAsync<AppointmentRow>()).ToList(), (await grid.ReadAsync<BookingFacts.RulesRow>()).Select(r => r.Rules).ToList());
        });
        var given = Booking.Superfluous([.. bookings.Select(b => new OneOfBookings(b.Id, b.DriveId, b.SlotStartsAt, b.Procedure, b.BookedAt, b.Status == "booked" && b.SlotStartsAt > tx.Now))], rules);
        foreach (var before in bookings.Where(b => given.Contains(b.Id)))
        {
            var after = before with { Version = before.Version + 1, Status = "cancelled", ReasonCode = "duplicate-booking", SettledAt = tx.Now };
            tx.Write("update event.appointment set version = @Version, status = @Status, reason_code = @ReasonCode, settled_at = @SettledAt where id = @Id", after);
            tx.Write("update event.slot set booked = booked - 1 where drive_id = @DriveId and starts_at = @SlotStartsAt", after);
            tx.Append(after.ToCancelled("duplicate-booking", tx.Now));
        }
    }
}
