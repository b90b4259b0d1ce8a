using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.DriveRequests;

public sealed record DeclineDriveRequest([property: RegularExpression("[a-z0-9-]{1,40}")] string ReasonCode = "not-stated");

/// <summary>POST /v1/drive-requests/{id}/decline: the station cannot come, or the organiser takes none of the dates or asks no longer. A request to whichever station serves the district goes on until none is left.</summary>
public static class DeclineRequest
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drive-requests/{id:guid}/decline", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Declines a request, or the dates offered");

    private static async Task<Results<Made<DriveRequestView>, ProblemHttpResult>> Handle(Guid id, DeclineDriveRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveRequestView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<DriveRequestRow>(DriveRequestRow.ForUpdate, new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsVisibleTo(caller)) return CommonProblems.NotFound.With();
            if (RequestLifecycle.Forbids("decline", before.Status, before.StatusAt(tx.Now)) is { } no) return no.ToProblem();

            if (before.HasDeclined(caller)) return Problems.RequestSettled.With("This station has declined it; others of the district have not");

            Guid[] declined = caller.Is(Roles.Station) ? [.. before.DeclinedStations, caller.Tenant] : before.DeclinedStations;
            if (caller.Is(Roles.Station) && before.Whichever && before.Stations.Except(declined).Any())
            {
                var open = before with { Version = before.Version + 1, Status = "asked", StationId = null, Offers = "[]", OfferedUntil = null, DeclinedStations = declined };
                tx.Write("update event.drive_request set version = @Version, status = @Status, station_id = null, offers = '[]', offered_until = null, declined_stations = @DeclinedStations where id = @Id", new { open.Id, open.Version, open.Status, open.DeclinedStations });
                tx.Audit("drive-request.decline", $"drive-request/{id}", new { (request ?? new()).ReasonCode });
                return Answers.Ok(open.Version, open.ViewFor(caller, tx.Now));
            }
            var after = before with { Version = before.Version + 1, Status = "declined", StationId = caller.Is(Roles.Station) ? caller.Tenant : before.StationId, DeclinedBy = caller.Role, ReasonCode = (request ?? new()).ReasonCode, SettledAt = tx.Now };
            tx.Write("update event.drive_request set version = @Version, status = @Status, station_id = @StationId, declined_by = @DeclinedBy, reason_code = @ReasonCode, settled_at = @SettledAt where id = @Id", after);
            tx.Audit("drive-request.decline", $"drive-request/{id}", new { after.ReasonCode });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
