using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Projections;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>
/// Whoever lost his place because a drive was cancelled is told, with the nearest drives that he may attend instead: in the same city, within a month,
/// with free places, on a day that is open to him and keeps the interval to his other bookings.
/// </summary>
internal static class TellCancelled
{
    public const string Kind = "tell-cancelled";
    private const int AtOnce = 50, Alternatives = 3, Candidates = 30;

    /// <param name="CancelledAt">Only those that were cancelled then; whom an earlier cut or postponement took was told then.</param>
    public sealed record Order(Guid DriveId, string ReasonCode, string Template, DateTimeOffset? CancelledAt = null);

    private sealed record Candidate(Guid Id, string Status, string[] Procedures, DateTimeOffset SlotStartsAt);

    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var order = job.Input<Order>();
        var (lost, candidates) = await tx.Read($"""
            {AppointmentRow.Select} where a.drive_id = @DriveId and a.status = 'cancelled' and a.reason_code = @ReasonCode and not a.backfilled and (@CancelledAt::timestamptz is null or a.settled_at = @CancelledAt) and a.id > @after order by a.id limit @AtOnce;
            select d.id, d.status, d.procedures, (select min(s.starts_at) from event.slot s where s.drive_id = d.id and s.starts_at > @now and s.booked + s.held < s.capacity and not {BookingFacts.Awaited}) as slot_starts_at
            from event.drive d join event.drive c on c.id = @DriveId
            where (d.id <> c.id or @ReasonCode = 'capacity-cut') and d.status in ('open', 'started') and left(d.district, 4) = left(c.district, 4) and d.starts_at between c.starts_at - interval '31 days' and c.starts_at + interval '31 days'
              and (d.visibility = 'public' or d.organisation_id = c.organisation_id)
              and exists (select from event.slot s where s.drive_id = d.id and s.starts_at > @now and s.booked + s.held < s.capacity and not {BookingFacts.Awaited})
            order by abs(extract(epoch from d.starts_at - c.starts_at)) / 86400
                + coalesce(sqrt(power((d.latitude - c.latitude) * 111, 2) + power((d.longitude - c.longitude) * 111 * cos(radians(c.latitude)), 2)), case when d.district = c.district then 5 else 20 end) / 5, d.id
            limit @Candidates
            """, new { order.DriveId, order.ReasonCode, order.CancelledAt, now = tx.Now, after = job.Cursor<Guid?>() ?? Guid.Empty, AtOnce, Candidates }, async grid => ((await grid.ReadAsync<AppointmentRow>()).ToList(), (await grid.ReadAsync<Candidate>()).ToList()));
        foreach (var appointment in lost)
        {
            var (_, _, donor, others, rules) = await BookingFacts.Read(tx, order.DriveId, appointment.DonorId, appointment.SlotStartsAt);
            Guid[] instead = donor is not { HasArrived: true } ? [] : [.. candidates.Where(c =>
                Booking.DonorForbids(new(c.Id, c.Status, c.Procedures), appointment.Procedure, Shanghai.DateOf(c.SlotStartsAt), donor.OpenWindows, Shanghai.DateOf(tx.Now)) is null
                && Booking.OthersForbid(c.Id, appointment.Procedure, c.SlotStartsAt, others, rules) is null).Take(Alternatives).Select(c => c.Id)];
            appointment.Tell(tx, order.Template, instead);
        }
        var done = job.Done + lost.Count;
        return lost.Count == AtOnce ? JobStep.Next(lost[^1].Id, done) : JobStep.Finished(new { told = done }, done);
    }
}
