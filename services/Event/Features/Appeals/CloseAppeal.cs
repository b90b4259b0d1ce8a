using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appeals;

/// <summary>POST /v1/appeals/{id}/close: the station asks no more. Bookings stay. While the level stays, the stock opens no other before this one's end.</summary>
public static class CloseAppeal
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/appeals/{id:guid}/close", Handle)
        .Allow("drives", Roles.Station)
        .WithSummary("Ends an appeal before it ends by itself");

    private static Task<Results<Made<AppealView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<AppealView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<AppealRow>(AppealRow.Select + " where a.id = @id for update of a", new { id }) is not { } appeal) return CommonProblems.Unknown(id);
            if (appeal.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (appeal.Status == "closed") return Problems.AppealOver.With($"Closed {Shanghai.DateOf(appeal.ClosedAt!.Value):yyyy-MM-dd}: {appeal.CloseReason}");
            var effect = (await Reach.Effects(tx, [id]))[id];
            var closed = appeal.Close(tx, "withdrawn", effect.Booked, await TendAppeals.CoverOf(tx, appeal));
            tx.Audit("appeal.close", $"appeals/{id}");
            return Answers.Ok(closed.Version, closed.ViewFor(caller, [], effect, null));
        }, ct);
}
