using BloodPlatform.Chassis;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Campaigns;

/// <summary>
/// GET /v1/campaigns?organisationId=&amp;running=: newest first; `running=true` are those whose days these are, `false` all others. A station sees its own and those for whose
/// organisation it has drives within their days, an authority those of its districts, an organiser those that ask something of its subtree. GET /v1/campaigns/{id} says
/// what is asked of whom.
/// </summary>
public static class ListCampaigns
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/campaigns", List).Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin).WithSummary("Campaigns, newest first");
        app.MapGet("/v1/campaigns/{id:guid}", One).Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin).WithSummary("A campaign with its targets");
    }

    private static async Task<Ok<Page<CampaignView>>> List(Guid? organisationId, bool? running, int? limit, Guid? cursor, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var today = Shanghai.DateOf(clock.GetUtcNow());
        var rows = await db.Query<CampaignRow>($"""
            {CampaignRow.Select} where {CampaignRow.MayRead} and (@organisationId::uuid is null or c.organisation_id = @organisationId) and (@cursor::uuid is null or c.id < @cursor)
              and (@running::boolean is null or (@today between c.begins_on and c.ends_on and c.ended_at is null) = @running)
            order by c.id desc limit @rows
            """, new { organisationId, running, cursor, today, role = caller.Role, tenant = caller.TenantId, districts = caller.Districts.ToArray(), rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<CampaignView>.From(rows.ConvertAll(c => c.ViewFor(caller, today, null)), Answers.Limit(limit), c => c.Id.ToString()));
    }

    private static Task<Results<Made<CampaignView>, ProblemHttpResult>> One(Guid id, Caller caller, Database db, CancellationToken ct) => db.InTransaction<Results<Made<CampaignView>, ProblemHttpResult>>(async tx =>
    {
        var (campaign, targets) = await tx.Read($"{CampaignRow.Select} where c.id = @id and {CampaignRow.MayRead}; {CampaignRow.TargetsOf}",
            new { id, role = caller.Role, tenant = caller.TenantId, districts = caller.Districts.ToArray(), within = CampaignRow.Within(caller) },
            async grid => (await grid.ReadSingleOrDefaultAsync<CampaignRow>(), (await grid.ReadAsync<CampaignTargetView>()).AsList()));
        return campaign is null ? await tx.Unknown("event.campaign", id) : Answers.Ok(campaign.Version, campaign.ViewFor(caller, Shanghai.DateOf(tx.Now), targets));
    }, ct);
}
