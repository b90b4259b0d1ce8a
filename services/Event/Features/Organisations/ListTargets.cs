using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>GET /v1/organisations/{id}/targets: by period, newest first; `total` is kept, not summed when asked.</summary>
public static class ListTargets
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/organisations/{id:guid}/targets", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("An organisation's targets by period, its own and with all below it");

    private static async Task<Results<Ok<Page<TargetView>>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        if (await db.QuerySingle<SeenOrganisation>(SeenOrganisation.ById, new { id, tenant = caller.TenantId }, ct) is not { } organisation) return CommonProblems.Unknown(id);
        if (!organisation.IsSeenBy(caller)) return CommonProblems.NotFound.With();
        var rows = await db.Query<TotalRow>("""
            select s.period_from, s.period_to, coalesce(t.donations, 0) as own_donations, coalesce(t.volume_ml, 0) as own_volume_ml, s.donations, s.volume_ml
            from event.target_total s left join event.target t using (organisation_id, period_from, period_to)
            where s.organisation_id = @id and (s.donations > 0 or s.volume_ml > 0) order by s.period_from desc, s.period_to desc limit 500
            """, new { id }, ct);
        return TypedResults.Ok(new Page<TargetView>(rows.ConvertAll(r => new TargetView(id, r.PeriodFrom, r.PeriodTo, new(r.OwnDonations, r.OwnVolumeMl), new(r.Donations, r.VolumeMl))), null));
    }

    private sealed record TotalRow(DateOnly PeriodFrom, DateOnly PeriodTo, long OwnDonations, long OwnVolumeMl, long Donations, long VolumeMl);
}

/// <summary>An organisation as far as it decides who may see its figures.</summary>
internal sealed record SeenOrganisation
{
    public const string ById = """
        select o.name, o.path, exists (select from event.responsibility r where r.body_id = @tenant::uuid and r.ends_at is null
                   and (r.organisation_id = any(o.path) or o.district like regexp_replace(r.district, '(00){1,2}$', '') || '%')) as in_care
        from event.organisation o where o.id = @id
        """;

    public required string Name { get; init; }
    public required Guid[] Path { get; init; }

    /// <summary>The caller's tenant is responsible for it, by its district or by its place.</summary>
    public bool InCare { get; init; }

    /// <summary>An organiser sees the figures of its subtree and of what it is responsible for; who else may ask is limited drive by drive.</summary>
    public bool IsSeenBy(Caller caller) => !caller.Is(Roles.Organiser) || InCare || Path.Contains(caller.Tenant);
}
