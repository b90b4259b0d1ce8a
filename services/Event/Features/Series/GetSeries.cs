using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>GET /v1/drive-series/{id}</summary>
public static class GetSeries
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drive-series/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("One series");

    private static async Task<Results<Made<SeriesView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<SeriesRow>(SeriesRow.Select + " where s.id = @id", new { id }, ct) is not { } series ? CommonProblems.Unknown(id)
            : series.IsReadableBy(caller) ? Answers.Ok(series.Version, series.ViewFor(caller)) : CommonProblems.NotFound.With();
}
