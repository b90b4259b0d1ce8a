using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Provisional;

/// <param name="DonorId">Registered on the document that he has just shown.</param>
/// <param name="Procedure">Absent: whole blood where the drive offers it.</param>
public sealed record ConfirmProvisionalRequest(Guid DonorId, [property: AllowedValues("whole-blood", "apheresis-platelets", null)] string? Procedure = null);

/// <summary>
/// POST /v1/provisional-bookings/{id}/confirm: the place becomes the donor's booking. Whoever has seen the document signs for it. What forbids a booking forbids this
/// and leaves the place held. POST …/decline gives the place back.
/// </summary>
public static class ConfirmProvisional
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/provisional-bookings/{id:guid}/confirm", Confirm).Allow("appointments", Roles.Station).ByStaff("registrar", "physician").WithSummary("Books a held place for the donor who came");
        app.MapPost("/v1/provisional-bookings/{id:guid}/decline", Decline).Allow("appointments", Roles.Station).WithSummary("Gives a held place back");
    }

    private static async Task<Results<Made<ProvisionalBookingView>, ProblemHttpResult>> Confirm(Guid id, ConfirmProvisionalRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ProvisionalBookingView>, ProblemHttpResult>>(async tx =>
        {
            var (held, (drive, slot, donor, others, rules)) = await BookingFacts.ReadForProvisional(tx, id, request.DonorId);
            if (held is null || drive is null) return CommonProblems.Unknown(id);
            if (held.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (donor is null) return CommonProblems.Unknown(request.DonorId);
            if (!donor.HasArrived) return FreshIds.WaitThen(CommonProblems.NotYetVisible.With());
            if (held.Status != "held") return Problems.ProvisionalSettled.With($"It is {held.Status}");
            if (Booking.SlotForbids(drive.Bookable, slot, "kept", tx.Now) is { } noSlot) return noSlot.ToProblem();
            var procedure = request.Procedure ?? Booking.DefaultProcedure(drive.Procedures);
            if (Booking.DonorForbids(drive.Bookable, procedure, Shanghai.DateOf(slot!.StartsAt), donor.OpenWindows, null) is { } notThatDay) return notThatDay.ToProblem();
            if (Booking.OthersForbid(drive.Id, procedure, slot.StartsAt, others, rules) is { } tooClose)
                return tooClose.Problem == CommonProblems.NotYetVisible ? FreshIds.WaitThen(tooClose.ToProblem()) : tooClose.ToProblem();

            var appointment = new AppointmentRow
            {
                Id = tx.NewId(), Version = 1, DriveId = drive.Id, SlotStartsAt = slot.StartsAt, DonorId = donor.DonorId, Procedure = procedure, Channel = held.Channel, Status = "booked", Backfilled = false,
                BookedAt = tx.Now, StationId = drive.StationId, Apps = donor.Apps!,
            };
            appointment.Insert(tx, request.DonorId);
            appointment.Block(tx, rules);
            var after = held.Settle(tx, "confirmed", appointment.Id);
            tx.Write("update event.slot set booked = booked + 1, held = held - 1 where drive_id = @DriveId and starts_at = @SlotStartsAt", appointment);
            tx.Audit("provisional-booking.confirm", $"provisional-booking/{id}");
            return Answers.Ok(after.Version, after.View(vault));
        }, ct);

    private static async Task<Results<Made<ProvisionalBookingView>, ProblemHttpResult>> Decline(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ProvisionalBookingView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<ProvisionalRow>(ProvisionalRow.Select + " where p.id = @id for update of p", new { id }) is not { } held) return CommonProblems.Unknown(id);
            if (held.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (held.Status != "held") return Problems.ProvisionalSettled.With($"It is {held.Status}");
            var after = held.Settle(tx, "declined");
            tx.Write("update event.slot set held = held - 1 where drive_id = @DriveId and starts_at = @SlotStartsAt", held);
            tx.Audit("provisional-booking.decline", $"provisional-booking/{id}");
            return Answers.Ok(after.Version, after.View(vault));
        }, ct);
}
