using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Deviations;

/// <summary>GET /v1/deviations and /v1/deviations/{id}: the station's, in the order in which they were recorded.</summary>
public static class ReadDeviations
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/deviations", List).Allow("inventory", Roles.Station).WithSummary("The station's deviations");
        app.MapGet("/v1/deviations/{id:guid}", Get).Allow("inventory", Roles.Station).WithSummary("A deviation");
    }

    private static async Task<Results<Ok<Page<DeviationView>>, ProblemHttpResult>> List([AllowedValues("open", "closed", null)] string? status, string? kind, int? limit, string? cursor, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        var rows = await db.Query<DeviationRow>($"""
            {DeviationRow.Select} where v.station_id = @Tenant and v.id > @after and (@kind::text is null or v.kind = @kind) and (@status::text is null or (v.closed_at is null) = (@status = 'open')) order by v.id limit @take + 1
            """, new { caller.Tenant, after, kind, status, take }, ct);
        var page = Page<DeviationRow>.From(rows, take, r => r.Id.ToString());
        return TypedResults.Ok(new Page<DeviationView>([.. page.Items.Select(r => r.View(r.Key(vault)))], page.Next));
    }

    private static async Task<Results<Made<DeviationView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.QuerySingle<DeviationRow>($"{DeviationRow.Select} where v.id = @id and v.station_id = @Tenant", new { id, caller.Tenant }, ct) is { } row ? Answers.Ok(row.Version, row.View(row.Key(vault))) : await db.Unknown("inventory.deviation", id, ct);
}
