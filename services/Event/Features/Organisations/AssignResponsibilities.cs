using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>All that a body is responsible for besides what is below it; what is not named ends.</summary>
public sealed record ResponsibilitiesRequest([property: MaxLength(200)] IReadOnlyList<string> Districts, [property: MaxLength(200)] IReadOnlyList<Guid> OrganisationIds);

/// <summary>Districts whole (440700 is the city), organisations with all below them.</summary>
public sealed record ResponsibilitiesView(Guid OrganisationId, IReadOnlyList<string> Districts, IReadOnlyList<Guid> OrganisationIds, IReadOnlyList<ResponsibilityPeriod> History);

public sealed record ResponsibilityPeriod(string? District, Guid? OrganisationId, DateTimeOffset From, DateTimeOffset? To);

/// <summary>
/// PUT and GET /v1/organisations/{id}/responsibilities. A body sees the figures of what it is responsible for and manages nothing
/// there. Therefore no organiser assigns it, not even to itself.
/// </summary>
public static class AssignResponsibilities
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPut("/v1/organisations/{id:guid}/responsibilities", Assign).Allow("organisations", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("Says what a body is responsible for");
        app.MapGet("/v1/organisations/{id:guid}/responsibilities", Read).Allow("organisations", Roles.All).WithSummary("What a body is responsible for, and was");
    }

    private static async Task<Results<Ok<ResponsibilitiesView>, ProblemHttpResult>> Assign(Guid id, ResponsibilitiesRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<ResponsibilitiesView>, ProblemHttpResult>>(async tx =>
        {
            var (districts, organisations) = (request.Districts.Distinct().ToArray(), request.OrganisationIds.Distinct().ToArray());
            var (body, named, before) = await tx.Read($"""
                {OrganisationRow.ForUpdate};
                {OrganisationRow.Select} where o.id = any(@organisations);
                {PeriodRow.OfBody}
                """, new { id, organisations }, async grid =>
                {
                    await grid.ReadAsync<int>();
                    return (await grid.ReadSingleOrDefaultAsync<OrganisationRow>(), (await grid.ReadAsync<OrganisationRow>()).ToDictionary(o => o.Id), (await grid.ReadAsync<PeriodRow>()).ToList());
                });
            if (body is null) return CommonProblems.Unknown(id);
            if (!body.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            for (var i = 0; i < request.Districts.Count; i++)
            {
                if (!Rules.Districts.Possible(request.Districts[i])) return CommonProblems.Invalid.With("No such district", new FieldError($"/districts/{i}", "unknown", "A GB/T 2260 code"));
                if (await OwnArea.Forbids(tx, caller, "", request.Districts[i]) is { } outside) return outside;
            }
            for (var i = 0; i < request.OrganisationIds.Count; i++)
            {
                if (!named.TryGetValue(request.OrganisationIds[i], out var organisation)) return CommonProblems.Unknown(request.OrganisationIds[i]);
                if (!organisation.IsManagedBy(caller)) return CommonProblems.NotFound.With();
                if (organisation.Path.Contains(id)) return CommonProblems.Invalid.With(null, new FieldError($"/organisationIds/{i}", "already_below", "A body answers for itself and all below it anyhow"));
            }

            var ended = before.Where(p => p.EndsAt is null && !(p.District is { } d ? districts.Contains(d) : organisations.Contains(p.OrganisationId!.Value))).Select(p => p.Id).ToArray();
            if (ended.Length > 0) tx.Write("update event.responsibility set ends_at = @now where id = any(@ended)", new { ended, now = tx.Now }, rows: ended.Length);
            List<PeriodRow> after = before.ConvertAll(p => ended.Contains(p.Id) ? p with { EndsAt = tx.Now } : p);
            foreach (var area in districts.Select(d => new PeriodRow { Id = tx.NewId(), District = d, StartsAt = tx.Now }).Concat(organisations.Select(o => new PeriodRow { Id = tx.NewId(), OrganisationId = o, StartsAt = tx.Now })))
            {
                if (before.Exists(p => p.EndsAt is null && p.District == area.District && p.OrganisationId == area.OrganisationId)) continue;
                tx.Write("insert into event.responsibility (id, body_id, district, organisation_id, starts_at) values (@Id, @body, @District, @OrganisationId, @StartsAt)", new { area.Id, body = id, area.District, area.OrganisationId, area.StartsAt });
                after.Add(area);
            }
            tx.Audit("organisation.responsibilities", $"organisation/{id}", new { districts, organisations });
            return TypedResults.Ok(View(id, after));
        }, ct);

    private static async Task<Results<Ok<ResponsibilitiesView>, ProblemHttpResult>> Read(Guid id, Database db, CancellationToken ct)
    {
        if (!await db.QuerySingle<bool>("select exists (select from event.organisation where id = @id)", new { id }, ct)) return CommonProblems.Unknown(id);
        return TypedResults.Ok(View(id, await db.Query<PeriodRow>(PeriodRow.OfBody, new { id }, ct)));
    }

    private static ResponsibilitiesView View(Guid id, List<PeriodRow> rows) => new(id,
        [.. rows.Where(r => r.EndsAt is null && r.District is not null).Select(r => r.District!).Order(StringComparer.Ordinal)], [.. rows.Where(r => r.EndsAt is null).Select(r => r.OrganisationId).OfType<Guid>().Order()],
        rows.ConvertAll(r => new ResponsibilityPeriod(r.District, r.OrganisationId, r.StartsAt, r.EndsAt)));

    private sealed record PeriodRow
    {
        public const string OfBody = "select id, district, organisation_id, starts_at, ends_at from event.responsibility where body_id = @id order by starts_at, id";

        public required Guid Id { get; init; }
        public string? District { get; init; }
        public Guid? OrganisationId { get; init; }
        public DateTimeOffset StartsAt { get; init; }
        public DateTimeOffset? EndsAt { get; init; }
    }
}
