using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>To another slot of the same drive, or with `driveId` of another one.</summary>
public sealed record MoveAppointmentRequest(DateTimeOffset SlotStartsAt, Guid? DriveId = null);

/// <summary>
/// POST /v1/appointments/{id}/move: he has the one place or the other, never none and never both. At another drive it is another booking, whose id the answer (201) bears;
/// the old one is cancelled as `moved`.
/// </summary>
public static class MoveAppointment
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/appointments/{id:guid}/move", Handle)
        .Allow("appointments", Roles.Station, Roles.App)
        .WithSummary("Moves a booking to another slot, of its drive or another");

    private static async Task<Results<Made<AppointmentView>, ProblemHttpResult>> Handle(Guid id, MoveAppointmentRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<AppointmentView>, ProblemHttpResult>>(async tx =>
        {
            var (before, facts) = await BookingFacts.ReadForMove(tx, id, request.DriveId, request.SlotStartsAt);
            if (before is null || facts.Donor is not { } donor) return CommonProblems.Unknown(id);
            if (!before.IsVisibleTo(caller)) return CommonProblems.NotFound.With();
            if (before.Status != "booked") return Problems.AppointmentSettled.With($"The appointment is {before.Status}");
            if (facts.Drive is not { } drive) return CommonProblems.Unknown(request.DriveId ?? before.DriveId);
            if (!drive.IsBookableBy(caller)) return CommonProblems.NotFound.With();
            if (drive.Id == before.DriveId && facts.Slot?.StartsAt == before.SlotStartsAt) return Answers.Ok(before.Version, before.ViewFor(caller));
            if (Booking.SlotForbids(drive.Bookable, facts.Slot, "booking", tx.Now) is { } noSlot) return noSlot.ToProblem();
            if (Booking.DonorForbids(drive.Bookable, before.Procedure, Shanghai.DateOf(request.SlotStartsAt), donor.OpenWindows, caller.Is(Roles.App) ? Shanghai.DateOf(tx.Now) : null) is { } notThatDay) return notThatDay.ToProblem();
            if (Booking.OthersForbid(drive.Id, before.Procedure, request.SlotStartsAt, facts.Others, facts.Rules) is { } tooClose)
                return tooClose.Problem == CommonProblems.NotYetVisible ? FreshIds.WaitThen(tooClose.ToProblem()) : tooClose.ToProblem();

            if (drive.Id != before.DriveId)
            {
                var booked = new AppointmentRow
                {
                    Id = tx.NewId(), Version = 1, DriveId = drive.Id, SlotStartsAt = facts.Slot!.StartsAt, DonorId = donor.DonorId, Procedure = before.Procedure, Channel = before.Channel,
                    AppealId = drive.StationId == before.StationId ? before.AppealId : null, Status = "booked", Backfilled = false, BookedAt = tx.Now, StationId = drive.StationId, Apps = donor.Apps!,
                };
                // Both slots in one order here, too.
                void Take() => tx.Write(BookingFacts.TakePlace, new { booked.DriveId, booked.SlotStartsAt, places = facts.Slot.Places, all = facts.Slot.AllPlaces });
                if (drive.Id.CompareTo(before.DriveId) < 0) Take();
                before.Cancel(tx, "moved", tx.Now);
                if (drive.Id.CompareTo(before.DriveId) > 0) Take();
                booked.Insert(tx, donor.DonorId);
                booked.Block(tx, facts.Rules);
                return Answers.Created($"/v1/appointments/{booked.Id}", 1, booked.ViewFor(caller));
            }

            // Who came without a booking gives his place of the reserve back and has a booking in the other slot.
            var after = before with { Version = before.Version + 1, SlotStartsAt = facts.Slot!.StartsAt, WalkIn = false };
            tx.Write("update event.appointment set version = @Version, slot_starts_at = @SlotStartsAt, walk_in = @WalkIn, placed_at = @now where id = @Id", new { after.Version, after.SlotStartsAt, after.WalkIn, after.Id, now = tx.Now });
            (after with { DonorId = donor.DonorId }).Block(tx, facts.Rules);
            // Both slots in one order, so that two movers in opposite directions do not wait for each other crosswise.
            foreach (var (slot, write) in new[] { (before.SlotStartsAt, $"update event.slot set {(before.WalkIn ? "walked_in = walked_in - 1" : "booked = booked - 1")} where drive_id = @DriveId and starts_at = @SlotStartsAt"), (after.SlotStartsAt, BookingFacts.TakePlace) }.OrderBy(s => s.Item1))
                tx.Write(write, new { before.DriveId, SlotStartsAt = slot, places = facts.Slot.Places, all = facts.Slot.AllPlaces });
            tx.Append(after.ToMoved(before.SlotStartsAt, tx.Now));
            return Answers.Ok(after.Version, after.ViewFor(caller));
        }, ct);
}
