using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Campaigns;

/// <summary>A time-boxed effort of an organisation and all below it. Dates are Shanghai's, both included. No target twice for one organisation.</summary>
public sealed record CreateCampaignRequest(
    Guid OrganisationId,
    [property: StringLength(80, MinimumLength = 1)] string Name,
    DateOnly From,
    DateOnly To,
    [property: MinLength(1), MaxLength(500)] IReadOnlyList<CampaignTargetRequest> Targets,
    [property: StringLength(80, MinimumLength = 1)] string? Theme = null);

/// <summary>What an organisation with all below it is asked to bring: donations, millilitres of whole blood, or both.</summary>
public sealed record CampaignTargetRequest(Guid OrganisationId, [property: Range(1, 10_000_000)] int? Donations = null, [property: Range(1, 10_000_000_000)] long? VolumeMl = null);

/// <summary>POST /v1/campaigns: by a station or the authority of the organisation's district.</summary>
public static class CreateCampaign
{
    private const int LongestDays = 366;

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/campaigns", Handle)
        .Allow("organisations", Roles.Station, Roles.Authority).Creates()
        .WithSummary("Starts a campaign with targets by organisation");

    private static Task<Results<Made<CampaignView>, ProblemHttpResult>> Handle(CreateCampaignRequest request, Caller caller, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<CampaignView>, ProblemHttpResult>>(async tx =>
        {
            var asked = request.Targets.Select(t => t.OrganisationId).ToArray();
            var organisations = (await tx.Query<Taking>("select id, path, district, event.stations_of(district) as stations from event.organisation where id = any(@ids)", new { ids = asked.Append(request.OrganisationId).Distinct().ToArray() })).ToDictionary(o => o.Id);
            if (!organisations.TryGetValue(request.OrganisationId, out var whole)) return CommonProblems.Unknown(request.OrganisationId);
            if (!(caller.Is(Roles.Authority) ? Districts.Cover(caller.Districts, whole.District) : whole.Stations.Contains(caller.Tenant))) return CommonProblems.NotFound.With();

            var errors = new List<FieldError>();
            if (request.To < request.From) errors.Add(new("/to", "before_from", "A campaign ends on its first day at the earliest"));
            else if (request.To.DayNumber - request.From.DayNumber >= LongestDays) errors.Add(new("/to", "too_long", "A year at most"));
            for (var i = 0; i < request.Targets.Count; i++)
            {
                if (!organisations.TryGetValue(asked[i], out var organisation)) errors.Add(new($"/targets/{i}/organisationId", "unknown", "No such organisation"));
                else if (!organisation.Path.Contains(request.OrganisationId)) errors.Add(new($"/targets/{i}/organisationId", "outside", "Neither the campaign's organisation nor below it"));
                else if (Array.IndexOf(asked, asked[i]) < i) errors.Add(new($"/targets/{i}/organisationId", "repeated", "One target for an organisation"));
                if (request.Targets[i] is { Donations: null, VolumeMl: null }) errors.Add(new($"/targets/{i}/donations", "required", "donations or volumeMl"));
            }
            if (errors.Count > 0) return CommonProblems.Invalid.With("The campaign cannot be started as it is", [.. errors]);

            var campaign = new CampaignRow
            {
                Id = tx.NewId(), Version = 1, OwnerId = caller.TenantId, OwnerDistricts = caller.Is(Roles.Authority) ? [.. caller.Districts] : null,
                OrganisationId = request.OrganisationId, District = whole.District, Name = request.Name, Theme = request.Theme, BeginsOn = request.From, EndsOn = request.To,
            };
            tx.Write("""
                insert into event.campaign (id, version, owner_id, owner_districts, organisation_id, name, theme, begins_on, ends_on, created_at)
                values (@Id, @Version, @OwnerId, @OwnerDistricts, @OrganisationId, @Name, @Theme, @BeginsOn, @EndsOn, @now)
                """, new { campaign.Id, campaign.Version, campaign.OwnerId, campaign.OwnerDistricts, campaign.OrganisationId, campaign.Name, campaign.Theme, campaign.BeginsOn, campaign.EndsOn, now = tx.Now });
            tx.Write("""
                insert into event.campaign_target (campaign_id, organisation_id, donations, volume_ml)
                select @Id, t.organisation_id, t.donations, t.volume_ml from unnest(@asked, @donations, @volumes) as t(organisation_id, donations, volume_ml)
                """, new { campaign.Id, asked, donations = request.Targets.Select(t => t.Donations).ToArray(), volumes = request.Targets.Select(t => t.VolumeMl).ToArray() }, rows: asked.Length);
            tx.Audit("campaign.create", $"campaign/{campaign.Id}");
            return Answers.Created($"/v1/campaigns/{campaign.Id}", 1, campaign.ViewFor(caller, Shanghai.DateOf(tx.Now), [.. request.Targets.Select(t => new CampaignTargetView(t.OrganisationId, t.Donations, t.VolumeMl))]));
        }, ct);

    private sealed record Taking(Guid Id, Guid[] Path, string District, Guid[] Stations);
}
