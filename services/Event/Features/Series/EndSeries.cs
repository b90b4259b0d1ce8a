using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Series;

public sealed record EndSeriesRequest([property: RegularExpression("[a-z0-9-]{1,40}")] string ReasonCode = "not-stated");

/// <summary>POST /v1/drive-series/{id}/end: nothing more is made; its drives from tomorrow on are cancelled, but for those that somebody changed or had approved.</summary>
public static class EndSeries
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drive-series/{id:guid}/end", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Ends a series");

    private static async Task<Results<Made<SeriesView>, ProblemHttpResult>> Handle(Guid id, EndSeriesRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<SeriesView>, ProblemHttpResult>>(async tx =>
        {
            var file = await SeriesFile.Lock(tx, id);
            if (file is null) return CommonProblems.Unknown(id);
            if (!file.Series.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (file.Series.Status != "active") return Problems.SeriesEnded.With();

            var after = file.Series with { Version = file.Series.Version + 1, Status = "ended", ReasonCode = (request ?? new()).ReasonCode, Replan = false };
            tx.Write("update event.drive_series set version = @Version, status = @Status, reason_code = @ReasonCode, replan = false, changed_at = @now where id = @Id", new { after.Id, after.Version, after.Status, after.ReasonCode, now = tx.Now });
            var planned = file.Follow(tx, after, [], changed: false);
            tx.Audit("drive-series.end", $"drive-series/{id}", new { after.ReasonCode });
            return Answers.Ok(after.Version, after.ViewFor(caller, planned));
        }, ct);
}
