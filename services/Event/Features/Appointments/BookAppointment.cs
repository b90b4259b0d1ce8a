using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Invitations;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>A place for a donor. `walkIn` is for whoever stands at the desk of a started drive without one. With `backfillReason` a past one; `at` is then when it was booked (the slot's start when absent). With `claimCode` the place that is kept for an invitation, which is claimed with it where that was not done before.</summary>
public sealed record BookAppointmentRequest(
    Guid DriveId,
    DateTimeOffset SlotStartsAt,
    Guid DonorId,
    [property: RegularExpression("[a-z0-9-]{1,40}")] string Channel,
    [property: AllowedValues("whole-blood", "apheresis-platelets", null)] string? Procedure = null,
    Guid? AppealId = null,
    [property: StringLength(80, MinimumLength = 1)] string? BackfillReason = null,
    DateTimeOffset? At = null,
    bool WalkIn = false,
    [property: StringLength(40, MinimumLength = 1)] string? ClaimCode = null);

/// <summary>POST /v1/appointments</summary>
public static class BookAppointment
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/appointments", Handle)
        .Allow("appointments", Roles.Station, Roles.App).Creates()
        .WithSummary("Books a slot for a donor");

    private static async Task<Results<Made<AppointmentView>, ProblemHttpResult>> Handle(BookAppointmentRequest request, Caller caller, Database db, Vault vault, ClaimGuesses guesses, CancellationToken ct)
    {
        var code = request.ClaimCode is { } typed ? ClaimCodes.Read(typed) : null;
        if (request.ClaimCode is not null && code is null) return Problems.ClaimCodeMistyped.With();
        if (code is not null && (request.WalkIn || request.BackfillReason is not null)) return CommonProblems.Invalid.With(null, new FieldError("/claimCode", "not_with_this", "Neither for walk-ins nor for backfilled bookings"));
        if (code is not null && guesses.Stops(caller) is { } stop) return stop;
        return await db.InTransaction<Results<Made<AppointmentView>, ProblemHttpResult>>(async tx =>
        {
            var (invitation, claimedAnother, (drive, slot, donor, others, rules)) = code is not null ? await BookingFacts.ReadForInvited(tx, request.DriveId, request.DonorId, request.SlotStartsAt, InvitationRow.HashOf(vault, code))
                : (null, false, await BookingFacts.Read(tx, request.DriveId, request.DonorId, request.SlotStartsAt));
            if (drive is null) return CommonProblems.Unknown(request.DriveId);
            if (!drive.IsBookableBy(caller)) return CommonProblems.NotFound.With();
            if (donor is null) return CommonProblems.Unknown(request.DonorId);
            if (!donor.HasArrived) return FreshIds.WaitThen(CommonProblems.NotYetVisible.With());
            if (!donor.MayBeBookedBy(caller)) return CommonProblems.Unknown(request.DonorId);

            if (code is not null)
            {
                if (invitation is null) return guesses.Missed(caller);
                if (invitation.DriveId != drive.Id) return Problems.ClaimCodeOfOtherDrive.With();
                if (invitation.Forbids(donor.DonorId, tx.Now) is { } notHis) return notHis.ToProblem();
                if (claimedAnother) return Problems.AlreadyInvited.With();
            }
            var backfill = request.BackfillReason is not null;
            if (backfill && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            if (request.At is { } bookedAt && (!backfill || bookedAt > tx.Now)) return CommonProblems.Invalid.With(null, new FieldError("/at", backfill ? "in_the_future" : "only_backfill", "When a backfilled booking was made"));
            if (request.WalkIn && (backfill || !caller.Is(Roles.Station) || drive.Status != "started"))
                return CommonProblems.Invalid.With("The desk of a started drive takes walk-ins in", new FieldError("/walkIn", "not_at_the_desk", "Only a station's, once the drive has started"));
            var place = request.WalkIn ? "walk-in" : backfill ? "backfill" : invitation?.SlotStartsAt is { } kept && kept == slot?.StartsAt ? "kept" : "booking";
            if (Booking.SlotForbids(drive.Bookable, slot, place, tx.Now) is { } noSlot) return noSlot.ToProblem();
            var procedure = request.Procedure ?? Booking.DefaultProcedure(drive.Procedures);
            if (Booking.DonorForbids(drive.Bookable, procedure, Shanghai.DateOf(request.SlotStartsAt), donor.OpenWindows, caller.Is(Roles.App) ? Shanghai.DateOf(tx.Now) : null) is { } notThatDay) return notThatDay.ToProblem();
            // What answers an appeal counts for it, and closes it: only what it asked for does. That it is known at all the database says.
            if (request.AppealId is { } appealId && await tx.QuerySingle<bool>("select exists (select from event.appeal where id = @appealId and (station_id, procedure) is distinct from (@StationId, @procedure))", new { appealId, drive.StationId, procedure }))
                return Problems.AppealUnknown.With("It asks for another procedure, or for another station's drives", new FieldError("/appealId", "not_for_this", "GET /v1/appeals lists what it asks for"));
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
            if (appointment.WalkIn) tx.Write(BookingFacts.TakeWalkIn, new { appointment.DriveId, appointment.SlotStartsAt, all = slot.AllPlacesFor(place) });
            else if (place == "kept") tx.Write("update event.slot set booked = booked + 1, held = held - 1 where drive_id = @DriveId and starts_at = @SlotStartsAt", appointment);
            else
            {
                // Who takes another slot than the kept one gives that back; both in one order, as a move.
                var take = (appointment.SlotStartsAt, BookingFacts.TakePlace);
                (DateTimeOffset Slot, string Write)[] writes = invitation?.SlotStartsAt is { } given ? [take, (given, "update event.slot set held = held - 1 where drive_id = @DriveId and starts_at = @SlotStartsAt")] : [take];
                foreach (var (at, write) in writes.OrderBy(w => w.Slot)) tx.WriteLast(write, new { appointment.DriveId, SlotStartsAt = at, places = slot.PlacesFor(place), all = slot.AllPlacesFor(place) });
            }
            if (invitation is not null)
                tx.Write("update event.invitation set version = version + 1, status = 'booked', donor_id = @recordedFor, appointment_id = @appointment, settled_at = @now where id = @Id", new { invitation.Id, recordedFor = request.DonorId, appointment = appointment.Id, now = tx.Now });
            if (backfill) tx.Audit("appointment.backfill", $"appointment/{appointment.Id}");
            return Answers.Created($"/v1/appointments/{appointment.Id}", 1, appointment.ViewFor(caller));
        }, ct);
    }
}
