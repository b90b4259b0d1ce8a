using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Activities;

public sealed record VoidActivityRequest([property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>POST /v1/activities/{id}/void: it counts no more and stays readable.</summary>
public static class VoidActivity
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/activities/{id:guid}/void", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority)
        .WithSummary("Takes back what was recorded wrongly");

    private static Task<Results<Made<ActivityView>, ProblemHttpResult>> Handle(Guid id, VoidActivityRequest request, Caller caller, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<ActivityView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<ActivityRow>($"{ActivityRow.Select} where a.id = @id for update of a", new { id }) is not { } activity) return CommonProblems.Unknown(id);
            if (!OrganisationRow.IsManagedBy(caller, activity.Path, activity.District, activity.Stations)) return CommonProblems.NotFound.With();
            if (activity.VoidedAt is not null) return Problems.ActivityVoided.With();
            activity = activity with { Version = activity.Version + 1, VoidedAt = tx.Now, VoidReason = request.Reason };
            tx.Write("update event.activity set version = @Version, voided_at = @VoidedAt, void_reason = @VoidReason where id = @Id", activity);
            tx.Audit("activity.void", $"activity/{id}");
            return Answers.Ok(activity.Version, activity.View);
        }, ct);
}
