using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Campaigns;

public sealed record EndCampaignRequest([property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>
/// POST /v1/campaigns/{id}/end: by whoever made it. Today is its last day and counts to its end; before its first day it is withdrawn and counts nothing. Nothing else
/// of a campaign is ever changed: what it asked for stays what everybody was told.
/// </summary>
public static class EndCampaign
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/campaigns/{id:guid}/end", Handle)
        .Allow("organisations", Roles.Station, Roles.Authority)
        .WithSummary("Ends a campaign before its last day");

    private static Task<Results<Made<CampaignView>, ProblemHttpResult>> Handle(Guid id, EndCampaignRequest request, Caller caller, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<CampaignView>, ProblemHttpResult>>(async tx =>
        {
            var (campaign, targets) = await tx.Read($"{CampaignRow.Select} where c.id = @id for update of c; {CampaignRow.TargetsOf}", new { id, within = CampaignRow.Within(caller) },
                async grid => (await grid.ReadSingleOrDefaultAsync<CampaignRow>(), (await grid.ReadAsync<CampaignTargetView>()).AsList()));
            if (campaign is null) return CommonProblems.Unknown(id);
            if (!campaign.IsOwnedBy(caller)) return CommonProblems.NotFound.With();
            var today = Shanghai.DateOf(tx.Now);
            if (campaign.IsOver(today)) return Problems.CampaignOver.With($"{campaign.StatusOn(today)}: {campaign.EndReason ?? $"its last day was {campaign.EndsOn:yyyy-MM-dd}"}");

            var withdrawn = today < campaign.BeginsOn;
            var ended = campaign with { Version = campaign.Version + 1, EndsOn = withdrawn ? campaign.EndsOn : today, EndedAt = tx.Now, EndReason = request.Reason, Withdrawn = withdrawn };
            tx.Write("update event.campaign set version = @Version, ends_on = @EndsOn, ended_at = @EndedAt, end_reason = @EndReason, withdrawn = @Withdrawn where id = @Id", new { ended.Id, ended.Version, ended.EndsOn, ended.EndedAt, ended.EndReason, ended.Withdrawn });
            tx.Audit("campaign.end", $"campaign/{id}", new { ended.Withdrawn, plannedTo = campaign.EndsOn });
            return Answers.Ok(ended.Version, ended.ViewFor(caller, today, targets));
        }, ct);
}
