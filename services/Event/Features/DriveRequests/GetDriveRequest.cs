using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.DriveRequests;

/// <summary>GET /v1/drive-requests/{id}</summary>
public static class GetDriveRequest
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drive-requests/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("One request for a drive");

    private static async Task<Results<Made<DriveRequestView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, TimeProvider clock, CancellationToken ct) =>
        await db.QuerySingle<DriveRequestRow>(DriveRequestRow.Select + " where r.id = @id", new { id }, ct) is not { } request ? CommonProblems.Unknown(id)
            : request.IsVisibleTo(caller) ? Answers.Ok(request.Version, request.ViewFor(caller, clock.GetUtcNow())) : CommonProblems.NotFound.With();
}
