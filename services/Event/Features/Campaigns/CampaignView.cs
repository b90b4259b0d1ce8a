using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Campaigns;

/// <summary>A campaign; `to` is its last day, also where it was ended before the one it was meant for.</summary>
/// <param name="Status">`planned`, `running`, `ended` (by its days, or by whoever made it) or `withdrawn` before its first day: then it counts nothing.</param>
/// <param name="EndedAt">When whoever made it ended it, and `endReason` why; null for one that ended by its days.</param>
/// <param name="Targets">In lists null: GET one. An organiser sees those of its own subtree.</param>
public sealed record CampaignView(
    Guid Id, Guid OrganisationId, string Name, string? Theme, DateOnly From, DateOnly To, string Status, DateTimeOffset? EndedAt, string? EndReason, IReadOnlyList<CampaignTargetView>? Targets, string[] AllowedActions);

public sealed record CampaignTargetView(Guid OrganisationId, int? Donations, long? VolumeMl);

internal sealed record CampaignRow
{
    public const string Select = """
        select c.id, c.version, c.owner_id, c.owner_districts, c.organisation_id, o.district, c.name, c.theme, c.begins_on, c.ends_on, c.ended_at, c.end_reason, c.withdrawn
        from event.campaign c join event.organisation o on o.id = c.organisation_id
        """;

    /// <summary>Of campaign c and its organisation o, for @role, @tenant and @districts: a station also sees those that its drives count for, an organiser those that ask something of its subtree.</summary>
    public const string MayRead = """
        (@role = 'admin'
            or @role = 'authority' and exists (select from unnest(@districts::text[]) x where o.district like regexp_replace(x, '(00)+$', '') || '%')
            or @role = 'organiser' and exists (select from event.campaign_target t join event.organisation s on s.id = t.organisation_id where t.campaign_id = c.id and s.path @> array[@tenant]::uuid[])
            or @role = 'station' and (c.owner_id = @tenant or exists (
                select from event.drive d join event.organisation_placement p on p.organisation_id = d.organisation_id and p.path @> array[c.organisation_id]
                     and (d.starts_at at time zone 'Asia/Shanghai')::date >= p.valid_from and (d.starts_at at time zone 'Asia/Shanghai')::date < p.valid_to
                where d.station_id = @tenant and d.status not in ('draft', 'submitted', 'cancelled')
                  and d.ends_at >= c.begins_on::timestamp at time zone 'Asia/Shanghai' and d.starts_at < (c.ends_on + 1)::timestamp at time zone 'Asia/Shanghai')))
        """;

    /// <summary>The targets of @id; with @within those of an organiser's subtree.</summary>
    public const string TargetsOf = """
        select t.organisation_id, t.donations, t.volume_ml from event.campaign_target t join event.organisation o on o.id = t.organisation_id
        where t.campaign_id = @id and (@within::uuid is null or o.path @> array[@within]::uuid[]) order by o.name, o.id
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }

    /// <summary>The station that made it; null for an authority's.</summary>
    public Guid? OwnerId { get; init; }

    /// <summary>The districts of the authority that made it.</summary>
    public string[]? OwnerDistricts { get; init; }
    public required Guid OrganisationId { get; init; }

    /// <summary>The organisation's.</summary>
    public required string District { get; init; }
    public required string Name { get; init; }
    public string? Theme { get; init; }
    public required DateOnly BeginsOn { get; init; }
    public required DateOnly EndsOn { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? EndReason { get; init; }
    public bool Withdrawn { get; init; }

    /// <summary>An authority has no tenant, its districts are what it is known by: a city's campaign is not its districts' to end, nor theirs the city's.</summary>
    public bool IsOwnedBy(Caller caller) => caller.Role switch
    {
        Roles.Station => OwnerId == caller.Tenant,
        Roles.Authority => OwnerId is null && (OwnerDistricts is { } its ? caller.Districts.ToHashSet().SetEquals(its) : Districts.Cover(caller.Districts, District)),
        _ => false,
    };

    public string StatusOn(DateOnly today) => Withdrawn ? "withdrawn" : EndedAt is not null || today > EndsOn ? "ended" : today < BeginsOn ? "planned" : "running";

    public bool IsOver(DateOnly today) => StatusOn(today) is "ended" or "withdrawn";

    public CampaignView ViewFor(Caller caller, DateOnly today, IReadOnlyList<CampaignTargetView>? targets) =>
        new(Id, OrganisationId, Name, Theme, BeginsOn, EndsOn, StatusOn(today), EndedAt, EndReason, targets, IsOwnedBy(caller) && !IsOver(today) ? ["end"] : []);

    /// <summary>For <see cref="TargetsOf"/>.</summary>
    public static Guid? Within(Caller caller) => caller.Is(Roles.Organiser) ? caller.Tenant : null;
}
