using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>GET /v1/drives/{id}: the public's drives without a token, one's own with it.</summary>
public static class GetDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}", Handle).Public()
        .WithSummary("One drive");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, HttpContext http, Database db, TimeProvider clock, CancellationToken ct)
    {
        var caller = Viewer.Of(http, "drives");
        if (await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct) is not { } drive) return CommonProblems.Unknown(id);
        return drive.IsReadableBy(caller) ? Answers.Ok(drive.Version, drive.ViewFor(caller, clock.GetUtcNow())) : CommonProblems.NotFound.With();
    }
}
