using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Figures;

/// <summary>GET /v1/reported-figures/{id}</summary>
public static class GetReportedFigure
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/reported-figures/{id:guid}", Handle)
        .Allow("statistics", Roles.Station, Roles.Authority, Roles.Admin)
        .WithSummary("One reported figure");

    private static async Task<Results<Made<FigureView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<FigureRow>(FigureRow.Select + " where f.id = @id", new { id }, ct) is not { } figure ? CommonProblems.Unknown(id)
            : figure.IsVisibleTo(caller) ? Answers.Ok(1, figure.View) : CommonProblems.NotFound.With();
}
