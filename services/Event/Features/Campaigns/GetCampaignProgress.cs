using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Organisations;
using BloodPlatform.Drives.Rules;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Campaigns;

/// <summary>
/// How far a campaign is, at each of its targets. `day` counts from 1; it is 0 before the beginning and stays at `days` after the end. `status` is the campaign's: one that was
/// ended keeps what it had brought by the end of that day, one that was withdrawn brought nothing.
/// </summary>
public sealed record CampaignProgressView(Guid Id, string Name, string? Theme, DateOnly From, DateOnly To, string Status, DateTimeOffset? EndedAt, string? EndReason, int Day, int Days, IReadOnlyList<TargetProgressView> Targets);

/// <summary>
/// `percent` of the donations asked for (of the millilitres where only they are). `forecast`: at the campaign's end, nine times in ten between low and high if
/// it goes on as it went; null before the fourth day and after the end, when there is no `neededPerDay` either. For an organiser `collected` and what follows from it are of closed drives with at least five donations, and there is no forecast: it would tell the days.
/// </summary>
public sealed record TargetProgressView(
    Guid OrganisationId, string Name, int? DonationsTarget, long? VolumeMlTarget, int Collected, long VolumeMl, decimal Percent, decimal? NeededPerDay, IReadOnlyList<DayView>? Daily, CampaignForecast? Forecast);

public sealed record DayView(DateOnly On, int Collected);

/// <summary>GET /v1/campaigns/{id}/progress: a drive counts where its organiser stood on its day (decision 13). An organiser sees the targets of its own subtree, and no days: who gave on a day would show. A station sees what its own drives brought, of its own campaigns and those they count for.</summary>
public static class GetCampaignProgress
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/campaigns/{id:guid}/progress", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("How far a campaign is, day by day, and where it will end");

    private static Task<Results<Ok<CampaignProgressView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Ok<CampaignProgressView>, ProblemHttpResult>>(async tx =>
        {
            var organiser = caller.Is(Roles.Organiser);
            var (campaign, targets, days) = await tx.Read($"""
                {CampaignRow.Select} where c.id = @id and {CampaignRow.MayRead};
                select t.organisation_id, o.name, o.path, t.donations, t.volume_ml from event.campaign_target t join event.organisation o on o.id = t.organisation_id where t.campaign_id = @id order by o.name, o.id;
                with counted as (
                    select d.id, p.path from event.campaign c
                    join event.drive d on d.ends_at >= (c.begins_on - 1)::timestamp at time zone 'Asia/Shanghai' and d.starts_at < (c.ends_on + 1)::timestamp at time zone 'Asia/Shanghai'
                    join event.organisation_placement p on p.organisation_id = d.organisation_id and p.path @> array[c.organisation_id]
                         and (d.starts_at at time zone 'Asia/Shanghai')::date >= p.valid_from and (d.starts_at at time zone 'Asia/Shanghai')::date < p.valid_to
                    where c.id = @id and (@station::uuid is null or d.station_id = @station)
                      -- Of a drive that lasts longer than the campaign neither the days within it nor those beside it may tell who gave.
                      and (not @organiser or d.status = 'closed' and (
                          select sum(n.donations) filter (where n.day between c.begins_on and c.ends_on) >= @least
                             and coalesce(sum(n.donations) filter (where n.day not between c.begins_on and c.ends_on), 0) not between 1 and @least - 1
                          from event.collected n where n.drive_id = d.id)))
                select t.organisation_id, n.day as donated_on, sum(n.donations)::int as collected, sum(n.volume_ml)::bigint as volume_ml
                from event.campaign c join event.campaign_target t on t.campaign_id = c.id
                join counted d on d.path @> array[t.organisation_id]
                join event.collected n on n.drive_id = d.id and n.day between c.begins_on and c.ends_on
                where c.id = @id and not c.withdrawn group by t.organisation_id, n.day having sum(n.donations) > 0 order by n.day
                """, new { id, role = caller.Role, tenant = caller.TenantId, districts = caller.Districts.ToArray(), organiser, station = caller.Is(Roles.Station) ? caller.TenantId : null, least = GetOrganisationResults.LeastShown },
                async grid => (await grid.ReadSingleOrDefaultAsync<CampaignRow>(), (await grid.ReadAsync<TargetRow>()).AsList(), (await grid.ReadAsync<DayRow>()).ToLookup(d => d.OrganisationId)));
            if (campaign is null) return await tx.Unknown("event.campaign", id);
            if (organiser) targets = targets.FindAll(t => t.Path.Contains(caller.Tenant));

            var today = Shanghai.DateOf(tx.Now);
            var length = campaign.EndsOn.DayNumber - campaign.BeginsOn.DayNumber + 1;
            var day = campaign.Withdrawn ? 0 : Math.Clamp(today.DayNumber - campaign.BeginsOn.DayNumber + 1, 0, length);
            return TypedResults.Ok(new CampaignProgressView(id, campaign.Name, campaign.Theme, campaign.BeginsOn, campaign.EndsOn, campaign.StatusOn(today), campaign.EndedAt, campaign.EndReason, day, length,
                targets.ConvertAll(t => Progress(t, [.. days[t.OrganisationId]], campaign, today, organiser))));
        }, ct);

    private static TargetProgressView Progress(TargetRow target, DayRow[] days, CampaignRow campaign, DateOnly today, bool organiser)
    {
        var (collected, volume) = (days.Sum(d => d.Collected), days.Sum(d => d.VolumeMl));
        var complete = campaign.Withdrawn ? 0 : Math.Max(0, Math.Min(today.DayNumber, campaign.EndsOn.DayNumber + 1) - campaign.BeginsOn.DayNumber);
        var daysLeft = campaign.IsOver(today) ? 0 : Math.Max(0, campaign.EndsOn.DayNumber - Math.Max(today.DayNumber, campaign.BeginsOn.DayNumber) + 1);
        var daily = Enumerable.Range(0, complete).Select(i => campaign.BeginsOn.AddDays(i)).Select(on => new DayView(on, days.FirstOrDefault(d => d.DonatedOn == on)?.Collected ?? 0)).ToArray();
        return new(target.OrganisationId, target.Name, target.Donations, target.VolumeMl, collected, volume,
            Math.Round(target.Donations is { } n ? collected * 100m / n : volume * 100m / target.VolumeMl!.Value, 1),
            target.Donations is { } asked && daysLeft > 0 ? Math.Round(Math.Max(0, asked - collected) / (decimal)daysLeft, 1) : null,
            organiser ? null : daily,
            daysLeft == 0 || organiser ? null : Forecast.Of([.. daily.Select(d => d.Collected)], daysLeft, days.FirstOrDefault(d => d.DonatedOn == today)?.Collected ?? 0));
    }

    private sealed record TargetRow(Guid OrganisationId, string Name, Guid[] Path, int? Donations, long? VolumeMl);

    private sealed record DayRow(Guid OrganisationId, DateOnly DonatedOn, int Collected, long VolumeMl);
}
