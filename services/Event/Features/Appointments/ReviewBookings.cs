using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Projections;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>
/// What was promised may turn out impossible: a new deferral, a donation elsewhere, a merge, other rules, another day. Such a booking is cancelled as
/// no_longer_bookable, its place is free again and the donor is told, without a reason. Of two that the interval forbids, the one booked later goes.
/// A person's bookings are reviewed with his rows locked, as a booking locks them, from whatever is known by then: in whichever order the facts come,
/// the last one finds them all.
/// </summary>
internal static class ReviewBookings
{
    public const string Kind = "review-bookings";
    public const string Reason = "no_longer_bookable";
    private const int AtOnce = 50;
    private static readonly TimeSpan ComesEarly = TimeSpan.FromHours(6);

    /// <param name="DriveId">Only those of a drive; null for all.</param>
    /// <param name="Tell">The text that those of the drive get who keep their place.</param>
    public sealed record Order(Guid? DriveId = null, string? Tell = null);

    /// <summary>As a job: everybody who has a place in the future, some at a time.</summary>
    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var order = job.Input<Order>();
        var people = await tx.Query<Guid>($"""
            select distinct {Persons.Of("a.donor_id")} as person from event.appointment a
            where a.status = 'booked' and a.slot_starts_at > @now and (@DriveId::uuid is null or a.drive_id = @DriveId) and {Persons.Of("a.donor_id")} > @after
            order by person limit @AtOnce
            """, new { now = tx.Now, order.DriveId, after = job.Cursor<Guid?>() ?? Guid.Empty, AtOnce });
        foreach (var person in people)
        {
            var kept = await Of(tx, person);
            if (order.Tell is { } template) foreach (var booking in kept.Where(b => b.DriveId == order.DriveId)) booking.Tell(tx, template);
        }
        var done = job.Done + people.Count;
        return people.Count == AtOnce ? JobStep.Next(people[^1], done) : JobStep.Finished(new { reviewed = done }, done);
    }

    /// <summary>Reviews what a person has booked, after the statements of <paramref name="first"/>; says what he keeps of it.</summary>
    /// <param name="donorId">Any of his ids.</param>
    /// <param name="first">Statements without results that end with a semicolon, and <paramref name="args"/> what they take.</param>
    /// <param name="duplicate">Why the later of two that stand against each other goes.</param>
    public static async Task<List<AppointmentRow>> Of(Transaction tx, Guid donorId, string first = "", object? args = null, string duplicate = Reason)
    {
        var parameters = new Dapper.DynamicParameters(args);
        parameters.Add("reviewed", donorId);
        // His donors' rows first, as a booking does: none is made while this looks.
        var (donor, bookings, rules) = await tx.Read($"""
            {first}
            insert into event.donor (donor_id) select d.id from {Persons.Ids("@reviewed")} as d(id) order by d.id on conflict (donor_id) do nothing;
            select donor_id from event.donor where donor_id in {Persons.Ids("@reviewed")} order by donor_id for update;
            select p.donor_id, p.status, p.apps, p.profile_version, p.eligibility_version, p.windows::text as windows from event.donor p where p.donor_id = {Persons.Of("@reviewed")};
            {AppointmentRow.Select} where a.donor_id in {Persons.Ids("@reviewed")} and a.status in ('booked', 'arrived')
              and not exists (select from event.visit v where v.appointment_id = a.id and v.outcome in ('deferred', 'abandoned')) order by a.id for update of a;
            select r.valid_from, r.intervals::text as intervals from event.rule_set r where r.code = (select rule_set from event.donor where donor_id = {Persons.Of("@reviewed")})
            """, parameters, async grid =>
        {
            await grid.ReadAsync<Guid>();
            return (await grid.ReadSingleAsync<BookingDonorRow>(), (await grid.ReadAsync<AppointmentRow>()).ToList(), (await grid.ReadAsync<BookingFacts.RulesRow>()).Select(r => r.Rules).ToList());
        });
        var open = bookings.Where(b => MayGo(b, tx.Now)).ToList();
        if (open.Count == 0) return [];
        // What Donor says of one who was merged is said of his survivor, and of one who was erased nothing.
        var windows = donor is { HasArrived: true, Status: "active" or "restricted" } ? donor.OpenWindows : null;
        var impossible = windows is null ? [] : open.Where(b => !Booking.IsOpenOn(windows, b.Procedure, Shanghai.DateOf(b.SlotStartsAt))).ToList();
        var duplicates = Booking.Superfluous([.. bookings.Except(impossible).Select(b => new OneOfBookings(b.Id, b.DriveId, b.SlotStartsAt, b.Procedure, b.BookedAt, open.Contains(b)))], rules);
        foreach (var booking in open)
            if (impossible.Contains(booking)) booking.Cancel(tx, Reason, tx.Now).Tell(tx, "no-longer-bookable");
            else if (duplicates.Contains(booking.Id)) booking.Cancel(tx, duplicate, tx.Now).Tell(tx, "no-longer-bookable");
        // First those that go and those that stay: the database looks at each row as it comes.
        tx.WriteAny("delete from event.booking_block where appointment_id = any(@ids)", new { ids = bookings.Select(b => b.Id).ToArray() });
        var kept = open.Where(b => !impossible.Contains(b) && !duplicates.Contains(b.Id)).ToList();
        foreach (var booking in kept) (booking with { DonorId = donor.DonorId }).Block(tx, rules);
        return kept;
    }

    /// <summary>
    /// Whoever has come is the desk's, and whoever has a slot of today or of the next hours at a drive that is running: he may have come early, and what
    /// closes his dates be the very donation whose visit is still on its way. Hours, because midnight passes between a late slot and the early comer too.
    /// </summary>
    private static bool MayGo(AppointmentRow booking, DateTimeOffset now) =>
        booking.Status == "booked" && booking.SlotStartsAt > now
        && !(booking.DriveStatus == "started" && (Shanghai.DateOf(booking.SlotStartsAt) == Shanghai.DateOf(now) || booking.SlotStartsAt < now + ComesEarly));
}
