using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>GET /v1/codes/{code}: what a mini-program asks that was opened with a code as its scene; it books with the channel that is answered.</summary>
public static class GetCode
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/codes/{code}", Handle).Public()
        .WithSummary("What a scanned code stands for");

    private static async Task<Results<Ok<CodeView>, ProblemHttpResult>> Handle(string code, Database db, IConfiguration configuration, TimeProvider clock, CancellationToken ct)
    {
        var found = await db.QuerySingle<Found>("select code, drive_id, channel from event.code where code = @code", new { code }, ct);
        if (found is null || await db.QuerySingle<DriveRow>(DriveRow.ById, new { id = found.DriveId }, ct) is not { } drive || !DriveCode.Shows(drive)) return CommonProblems.NotFound.With();
        return TypedResults.Ok(new CodeView(found.Code, DriveCode.Url(configuration, found.Code), drive.Id, found.Channel, drive.Status, drive.Status is "open" or "started" && drive.EndsAt > clock.GetUtcNow(),
            drive.Theme, new(drive.VenueName, drive.VenueAddress, drive.District, drive.Latitude, drive.Longitude), Shanghai.Local(drive.StartsAt), Shanghai.Local(drive.EndsAt)));
    }

    internal sealed record Found(string Code, Guid DriveId, string Channel);
}
