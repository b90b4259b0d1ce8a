using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Waitlist;

/// <summary>POST /v1/waitlist/{id}/leave: waits no longer, or declines what is offered; it goes to the next.</summary>
public static class LeaveWaitlist
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/waitlist/{id:guid}/leave", Handle)
        .Allow("appointments", Roles.Station, Roles.App)
        .WithSummary("Leaves the wait-list or declines an offer");

    private static async Task<Results<Made<WaitingView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<WaitingView>, ProblemHttpResult>>(async tx =>
        {
            var entry = await tx.QuerySingle<WaitingRow>(WaitingRow.Select + " where w.id = @id for update of w", new { id });
            if (entry is null) return CommonProblems.Unknown(id);
            if (!entry.IsVisibleTo(caller)) return CommonProblems.NotFound.With();
            if (entry.Status is not ("waiting" or "offered")) return Problems.OfferOver.With($"The entry is {entry.Status}");
            var after = entry.Settle(tx, "left");
            return Answers.Ok(after.Version, after.View);
        }, ct);
}
