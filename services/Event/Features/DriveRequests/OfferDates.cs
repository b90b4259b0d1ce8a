using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.DriveRequests;

public sealed record OfferRequest(
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    [property: Range(1, 720)] int SlotMinutes,
    [property: Range(1, 1000)] int CapacityPerSlot,
    string[] Procedures,
    [property: Range(0, 1000)] int WalkInPerSlot = 0);

/// <summary>The dates on which the station can come, whether wished or not; the organiser takes one before `until`.</summary>
public sealed record OfferDatesRequest(IReadOnlyList<OfferRequest> Offers, DateTimeOffset Until);

/// <summary>POST /v1/drive-requests/{id}/offer: the station takes the request on; a later offer replaces the one before it, also an expired one.</summary>
public static class OfferDates
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drive-requests/{id:guid}/offer", Handle)
        .Allow("drives", Roles.Station)
        .WithSummary("Offers dates to who asked");

    private static async Task<Results<Made<DriveRequestView>, ProblemHttpResult>> Handle(Guid id, OfferDatesRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveRequestView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<DriveRequestRow>(DriveRequestRow.ForUpdate, new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsVisibleTo(caller)) return CommonProblems.NotFound.With();
            if (RequestLifecycle.Forbids("offer", before.Status, before.StatusAt(tx.Now)) is { } no) return no.ToProblem();

            if (request.Offers.Count is 0 or > 20) return CommonProblems.Invalid.With(null, new FieldError("/offers", "count", "From 1 to 20 dates"));
            FieldError[] faults = [.. request.Offers.Index().SelectMany(o => (new DrivePlan(o.Item.StartsAt, o.Item.EndsAt, o.Item.SlotMinutes, o.Item.Procedures).Faults(false, tx.Now)?.Errors ?? []).Select(e => e with { Pointer = $"/offers/{o.Index}{e.Pointer}" })),
                .. request.Until <= tx.Now ? [new FieldError("/until", "in_the_past", "Nobody could take it")] : Array.Empty<FieldError>(),
                .. request.Offers.Any(o => o.StartsAt < request.Until) ? [new FieldError("/until", "after_an_offer", "A date must be taken before it begins")] : Array.Empty<FieldError>()];
            if (faults.Length > 0) return CommonProblems.Invalid.With(null, faults);

            var after = before with
            {
                Version = before.Version + 1, Status = "offered", StationId = caller.Tenant, OfferedUntil = request.Until, DeclinedStations = [.. before.DeclinedStations.Where(s => s != caller.Tenant)],
                Offers = JsonSerializer.Serialize(request.Offers.Index().Select(o => new OfferedDateView(o.Index + 1, o.Item.StartsAt, o.Item.EndsAt, o.Item.SlotMinutes, o.Item.CapacityPerSlot, o.Item.WalkInPerSlot, o.Item.Procedures)), Json.Options),
            };
            tx.Write("update event.drive_request set version = @Version, status = @Status, station_id = @StationId, offered_until = @OfferedUntil, offers = @Offers::jsonb, declined_stations = @DeclinedStations where id = @Id", after);
            tx.Audit("drive-request.offer", $"drive-request/{id}", new { offers = request.Offers.Count });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
