using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>
/// What the drives of an organisation and of all below it brought. For an organiser: collected figures of closed drives only,
/// and a drive that brought fewer than 5 counts nothing (field policy: groups of fewer than five are hidden). Not the sum is looked at but each drive:
/// the difference of two sums, of a longer and a shorter time, would show what neither does.
/// </summary>
public sealed record OrganisationResultsView(Guid OrganisationId, DateOnly? From, DateOnly? To, int Drives, int SignedUp, int Attended, int? Collected, long? VolumeMl, int? TreatmentUnits, IReadOnlyList<ChildResultsView> Children);

/// <summary>The share of one organisation directly below, with all below it.</summary>
public sealed record ChildResultsView(Guid OrganisationId, string Name, int Drives, int SignedUp, int Attended, int? Collected, long? VolumeMl, int? TreatmentUnits);

/// <summary>GET /v1/organisations/{id}/results?from=&amp;to=</summary>
public static class GetOrganisationResults
{
    /// <summary>Fewer donors than this could be recognised.</summary>
    public const int LeastShown = 5;

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/organisations/{id:guid}/results", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Results of its drives, rolled up over all below it");

    private static async Task<Results<Ok<OrganisationResultsView>, ProblemHttpResult>> Handle(Guid id, DateOnly? from, DateOnly? to, Caller caller, Database db, CancellationToken ct)
    {
        var organiser = caller.Is(Roles.Organiser);
        var rows = await db.Query<SumRow>("""
            with per_drive as (
                select d.organisation_id,
                       (select count(*) from event.appointment a where a.drive_id = d.id and a.status <> 'cancelled') as signed_up,
                       (select count(*) from event.visit v where v.drive_id = d.id) as attended,
                       n.collected, n.volume_ml, n.treatment_units
                from event.drive d left join
                     lateral (select count(*) as collected, coalesce(sum(collected_ml), 0) as volume_ml, coalesce(sum(treatment_units), 0) as treatment_units
                              from event.donation where drive_id = d.id and not voided and (not @organiser or d.status = 'closed') having not @organiser or count(*) >= @least) n on true
                where d.status not in ('draft', 'submitted', 'cancelled')
                  and (@station::uuid is null or d.station_id = @station)
                  and (not @limited or exists (select from unnest(@districts) a where d.district like regexp_replace(a, '(00)+$', '') || '%'))
                  and (@from::date is null or (d.starts_at at time zone 'Asia/Shanghai')::date >= @from)
                  and (@to::date is null or (d.starts_at at time zone 'Asia/Shanghai')::date <= @to))
            select o.id, o.name, o.path,
                   count(p.organisation_id)::int as drives, coalesce(sum(p.signed_up), 0)::int as signed_up, coalesce(sum(p.attended), 0)::int as attended,
                   coalesce(sum(p.collected), 0)::int as collected, coalesce(sum(p.volume_ml), 0)::bigint as volume_ml, coalesce(sum(p.treatment_units), 0)::int as treatment_units
            from event.organisation o
            left join event.organisation below on below.path @> array[o.id]
            left join per_drive p on p.organisation_id = below.id
            where o.id = @id or o.parent_id = @id
            group by o.id, o.name, o.path order by o.name, o.id
            """, new { id, from, to, organiser, least = LeastShown, station = caller.Is(Roles.Station) ? caller.TenantId : null, limited = caller.Is(Roles.Authority), districts = caller.Districts.ToArray() }, ct);
        if (rows.Find(r => r.Id == id) is not { } whole) return CommonProblems.Unknown(id);
        if (organiser && !whole.Path.Contains(caller.Tenant)) return CommonProblems.NotFound.With();

        bool Shown(SumRow row) => !organiser || row.Collected >= LeastShown;
        return TypedResults.Ok(new OrganisationResultsView(id, from, to, whole.Drives, whole.SignedUp, whole.Attended,
            Shown(whole) ? whole.Collected : null, Shown(whole) ? whole.VolumeMl : null, Shown(whole) ? whole.TreatmentUnits : null,
            [.. rows.Where(r => r.Id != id).Select(r => new ChildResultsView(r.Id, r.Name, r.Drives, r.SignedUp, r.Attended,
                Shown(r) ? r.Collected : null, Shown(r) ? r.VolumeMl : null, Shown(r) ? r.TreatmentUnits : null))]));
    }

    private sealed record SumRow
    {
        public required Guid Id { get; init; }
        public required string Name { get; init; }
        public required Guid[] Path { get; init; }
        public int Drives { get; init; }
        public int SignedUp { get; init; }
        public int Attended { get; init; }
        public int Collected { get; init; }
        public long VolumeMl { get; init; }
        public int TreatmentUnits { get; init; }
    }
}
