using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>A place for a donor. `walkIn` is for whoever stands at the desk of a started drive without one. With `backfillReason` a past one; `at` is then when it was booked (the slot's start when absent).</summary>
public sealed record BookAppointmentRequest(
    Guid DriveId,
    DateTimeOffset SlotStartsAt,
    Guid DonorId,
    [property: RegularExpression("[a-z0-9-]{1,40}")] string Channel,
    [property: AllowedValues("whole-blood", "apheresis-platelets", null)] string? Procedure = null,
    Guid? AppealId = null,
    [property: StringLength(80, MinimumLength = 1)] string? BackfillReason = null,
    DateTimeOffset? At = null,
    bool WalkIn = false);

/// <summary>POST /v1/appointments</summary>
public static class BookAppointment
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/appointments", Handle)
        .Allow("appointments", Roles.Station, Roles.App).Creates()
        .WithSummary("Books a slot for a donor");

    private static async Task<Results<Made<AppointmentView>, ProblemHttpResult>> Handle(BookAppointmentRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<AppointmentView>, ProblemHttpResult>>(async tx =>
        {
            var (drive, slot, donor, others, rules) = await BookingFacts.Read(tx, request.DriveId, request.DonorId, request.SlotStartsAt);
            if (drive is null) return CommonProblems.Unknown(request.DriveId);
            if (!drive.IsBookableBy(caller)) return CommonProblems.NotFound.With();
            if (donor is null) return CommonProblems.Unknown(request.DonorId);
            if (!donor.HasArrived) return FreshIds.WaitThen(CommonProblems.NotYetVisible.With());
            if (!donor.MayBeBookedBy(caller)) return CommonProblems.Unknown(request.DonorId);

            var backfill = request.BackfillReason is not null;
            if (backfill && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            if (request.At is { } given && (!backfill || given > tx.Now)) return CommonProblems.Invalid.With(null, new FieldError("/at", backfill ? "in_the_future" : "only_backfill", "When a backfilled booking was made"));
            if (request.WalkIn && (backfill || !caller.Is(Roles.Station) || drive.Status != "started"))
                return CommonProblems.Invalid.With("The desk of a started drive takes walk-ins in", new FieldError("/walkIn", "not_at_the_desk", "Only a station's, once the drive has started"));
            var place = request.WalkIn ? "walk-in" : backfill ? "backfill" : "booking";
            if (Booking.SlotForbids(drive.Bookable, slot, place, tx.Now) is { } noSlot) return noSlot.ToProblem();
            var procedure = request.Procedure ?? Booking.DefaultProcedure(drive.Procedures);
            if (Booking.DonorForbids(drive.Bookable, procedure, Shanghai.DateOf(request.SlotStartsAt), donor.OpenWindows, caller.Is(Roles.App) ? Shanghai.DateOf(tx.Now) : null) is { } notThatDay) return notThatDay.ToProblem();
            if (Booking.OthersForbid(drive.Id, procedure, request.SlotStartsAt, others, rules) is { } tooClose)
                return tooClose.Problem == CommonProblems.NotYetVisible ? FreshIds.WaitThen(tooClose.ToProblem()) : tooClose.ToProblem();

            var appointment = new AppointmentRow
            {
                Id = tx.NewId(), Version = 1, DriveId = drive.Id, SlotStartsAt = slot!.StartsAt, DonorId = donor.DonorId, Procedure = procedure, Channel = request.Channel, AppealId = request.AppealId,
                Status = "booked", Backfilled = backfill, BookedAt = backfill ? request.At ?? slot.StartsAt : tx.Now, StationId = drive.StationId, Apps = donor.Apps!,
                WalkIn = request.WalkIn && slot.WalkedIn < slot.WalkIn, // the reserve first
            };
            appointment.Insert(tx, request.DonorId, request.BackfillReason);
            if (!backfill) appointment.Block(tx, rules); // what is recorded afterwards can be in the way of nothing that is promised
            if (appointment.WalkIn) tx.Write("update event.slot set walked_in = walked_in + 1 where drive_id = @DriveId and starts_at = @SlotStartsAt", appointment);
            else tx.Write(BookingFacts.TakePlace, new { appointment.DriveId, appointment.SlotStartsAt, places = slot.PlacesFor(place) });
            if (backfill) tx.Audit("appointment.backfill", $"appointment/{appointment.Id}");
            return Answers.Created($"/v1/appointments/{appointment.Id}", 1, appointment.ViewFor(caller));
        }, ct);
}
