using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Waitlist;

/// <summary>POST /v1/waitlist/{id}/accept: the held place becomes his; what forbids a booking forbids this.</summary>
public static class AcceptOffer
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/waitlist/{id:guid}/accept", Handle)
        .Allow("appointments", Roles.Station, Roles.App)
        .WithSummary("Takes the place that is held for a waiting donor");

    private static async Task<Results<Made<WaitingView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<WaitingView>, ProblemHttpResult>>(async tx =>
        {
            var (entry, (drive, slot, donor, others, rules)) = await BookingFacts.ReadForOffer(tx, id);
            if (entry is null || drive is null || donor is null) return CommonProblems.Unknown(id);
            if (!entry.IsVisibleTo(caller)) return CommonProblems.NotFound.With();
            if (entry.Status != "offered" || entry.ExpiresAt <= tx.Now || slot is null) return Problems.OfferOver.With($"The entry is {(entry.Status == "offered" ? "expired" : entry.Status)}");
            if (drive.Status is not ("open" or "started")) return Problems.DriveNotOpen.With($"The drive is {drive.Status}");
            if (Booking.DonorForbids(drive.Bookable, entry.Procedure, Shanghai.DateOf(slot.StartsAt), donor.OpenWindows, caller.Is(Roles.App) ? Shanghai.DateOf(tx.Now) : null) is { } notThatDay) return notThatDay.ToProblem();
            if (Booking.OthersForbid(drive.Id, entry.Procedure, slot.StartsAt, others, rules) is { } tooClose)
                return tooClose.Problem == CommonProblems.NotYetVisible ? FreshIds.WaitThen(tooClose.ToProblem()) : tooClose.ToProblem();

            var appointment = new AppointmentRow
            {
                Id = tx.NewId(), Version = 1, DriveId = drive.Id, SlotStartsAt = slot.StartsAt, DonorId = donor.DonorId, Procedure = entry.Procedure, Channel = entry.Channel, Status = "booked", Backfilled = false,
                BookedAt = tx.Now, StationId = drive.StationId, Apps = donor.Apps!,
            };
            appointment.Insert(tx, entry.RecordedFor);
            appointment.Block(tx, rules);
            var after = entry.Settle(tx, "accepted", appointment.Id);
            return Answers.Ok(after.Version, after.View);
        }, ct);
}
