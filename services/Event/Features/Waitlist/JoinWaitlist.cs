using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Waitlist;

/// <param name="SlotStartsAt">Null: whichever slot becomes free.</param>
public sealed record JoinWaitlistRequest(
    Guid DonorId,
    [property: RegularExpression("[a-z0-9-]{1,40}")] string Channel,
    DateTimeOffset? SlotStartsAt = null,
    [property: AllowedValues("whole-blood", "apheresis-platelets", null)] string? Procedure = null);

/// <summary>POST /v1/drives/{id}/waitlist: a place that becomes free is offered to the first who may take it.</summary>
public static class JoinWaitlist
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/waitlist", Handle)
        .Allow("appointments", Roles.Station, Roles.App).Creates()
        .WithSummary("Waits for a place at a full drive");

    private static async Task<Results<Made<WaitingView>, ProblemHttpResult>> Handle(Guid id, JoinWaitlistRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<WaitingView>, ProblemHttpResult>>(async tx =>
        {
            var (slots, waits, (drive, _, donor, others, rules)) = await BookingFacts.ReadForWaiting(tx, id, request.DonorId, request.SlotStartsAt);
            if (drive is null) return CommonProblems.Unknown(id);
            if (!drive.IsBookableBy(caller)) return CommonProblems.NotFound.With();
            if (donor is null) return CommonProblems.Unknown(request.DonorId);
            if (!donor.HasArrived) return FreshIds.WaitThen(CommonProblems.NotYetVisible.With());
            if (!donor.MayBeBookedBy(caller)) return CommonProblems.Unknown(request.DonorId);
            if (Rules.Waitlist.Forbids(drive.Bookable, slots, tx.Now) is { } notThere) return notThere.ToProblem();
            if (waits) return Problems.AlreadyWaiting.With();
            // He waits for what he could book today: of several days of a drive, at least one.
            var procedure = request.Procedure ?? Booking.DefaultProcedure(drive.Procedures);
            Rejection? no = null;
            foreach (var slot in slots.Where(s => s.StartsAt > tx.Now))
                if ((no = Booking.DonorForbids(drive.Bookable, procedure, Shanghai.DateOf(slot.StartsAt), donor.OpenWindows, caller.Is(Roles.App) ? Shanghai.DateOf(tx.Now) : null)
                    ?? Booking.OthersForbid(drive.Id, procedure, slot.StartsAt, others, rules)) is null) break;
            if (no is not null) return no.Problem == CommonProblems.NotYetVisible ? FreshIds.WaitThen(no.ToProblem()) : no.ToProblem();

            var entry = new WaitingRow
            {
                Id = tx.NewId(), Version = 1, DriveId = drive.Id, SlotStartsAt = request.SlotStartsAt, RecordedFor = request.DonorId, DonorId = donor.DonorId, Procedure = procedure, Channel = request.Channel,
                Status = "waiting", JoinedAt = tx.Now, StationId = drive.StationId, Apps = donor.Apps!,
            };
            tx.Write("insert into event.waiting (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, joined_at) values (@Id, @Version, @DriveId, @SlotStartsAt, @RecordedFor, @Procedure, @Channel, @Status, @JoinedAt)", entry);
            return Answers.Created($"/v1/waitlist/{entry.Id}", 1, entry.View);
        }, ct);
}
