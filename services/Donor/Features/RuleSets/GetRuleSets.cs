using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.RuleSets;

/// <param name="Kind">`base` or `overlay`.</param>
/// <param name="Versions">Newest last.</param>
public sealed record RuleSetItem(string Code, string Kind, IReadOnlyList<RuleSetVersionItem> Versions);

/// <param name="Status">`upcoming`, `in-force` or `over`; a version that a later one replaced is over.</param>
public sealed record RuleSetVersionItem(string Version, DateOnly ValidFrom, DateOnly? ValidTo, string Status, DateTimeOffset PublishedAt);

/// <param name="Document">As it was published.</param>
/// <param name="JobId">The re-evaluation that publishing started: GET /v1/donor-jobs/{id}.</param>
public sealed record RuleSetVersionView(string Code, string Version, string Kind, DateOnly ValidFrom, DateOnly? ValidTo, string Status, DateTimeOffset PublishedAt, JsonElement Document, Guid? JobId = null)
{
    internal static RuleSetVersionView Of(RuleSetRow row, DateOnly today, Guid? jobId = null, DateOnly? replacedFrom = null) =>
        new(row.Code, row.Version, row.Kind, row.ValidFrom, row.ValidTo, row.StatusOn(today, replacedFrom), row.RecordedAt, JsonDocument.Parse(row.Document).RootElement, jobId);
}

internal sealed record RuleSetRow(string Code, string Version, string Kind, DateOnly ValidFrom, DateOnly? ValidTo, string Document, DateTimeOffset RecordedAt, long Position)
{
    public const string Select = "select code, version, kind, valid_from, valid_to, document::text as document, recorded_at, position from donor.rule_set";

    public string StatusOn(DateOnly today, DateOnly? replacedFrom) => ValidFrom > today ? "upcoming" : ValidTo < today || replacedFrom <= today ? "over" : "in-force";

    /// <summary>When the next of the same kind takes over: bases replace each other whatever their code, overlays their own.</summary>
    public DateOnly? ReplacedFrom(IEnumerable<RuleSetRow> all) => all.Where(r => r.Kind == Kind && (Kind == "base" || r.Code == Code) && r.ValidFrom > ValidFrom).Min(r => (DateOnly?)r.ValidFrom);
}

/// <summary>GET /v1/rule-sets, /v1/rule-sets/{code} and /v1/rule-sets/{code}/versions/{version}: what holds, held and will hold.</summary>
public static class GetRuleSets
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/rule-sets", List).Allow("rules", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("Rule sets and overlays with their versions");
        app.MapGet("/v1/rule-sets/{code}", One).Allow("rules", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("A rule set with its versions");
        app.MapGet("/v1/rule-sets/{code}/versions/{version}", Version).Allow("rules", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("A version with every rule, its clause and its confidence");
    }

    private static async Task<Ok<Page<RuleSetItem>>> List(Database db, TimeProvider clock, CancellationToken ct, int? limit = null, string? cursor = null)
    {
        var take = Answers.Limit(limit);
        var items = Items(await db.Query<RuleSetRow>(RuleSetRow.Select + " order by valid_from, position", null, ct), Shanghai.DateOf(clock.GetUtcNow()));
        return TypedResults.Ok(Page<RuleSetItem>.From([.. items.Where(i => cursor is null || string.CompareOrdinal(i.Code, cursor) > 0).Take(take + 1)], take, i => i.Code));
    }

    private static async Task<Results<Ok<RuleSetItem>, ProblemHttpResult>> One(string code, Database db, TimeProvider clock, CancellationToken ct) =>
        Items(await db.Query<RuleSetRow>(RuleSetRow.Select + " order by valid_from, position", null, ct), Shanghai.DateOf(clock.GetUtcNow())).SingleOrDefault(i => i.Code == code) is { } item ? TypedResults.Ok(item) : CommonProblems.NotFound.With();

    private static async Task<Results<Made<RuleSetVersionView>, ProblemHttpResult>> Version(string code, string version, Database db, TimeProvider clock, CancellationToken ct)
    {
        var rows = await db.Query<RuleSetRow>(RuleSetRow.Select, null, ct);
        return rows.SingleOrDefault(r => r.Code == code && r.Version == version) is { } row
            ? Answers.Ok(row.Position, RuleSetVersionView.Of(row, Shanghai.DateOf(clock.GetUtcNow()), null, row.ReplacedFrom(rows))) : CommonProblems.NotFound.With();
    }

    private static IEnumerable<RuleSetItem> Items(List<RuleSetRow> rows, DateOnly today) => rows.GroupBy(r => r.Code).OrderBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => new RuleSetItem(g.Key, g.First().Kind, [.. g.Select(r => new RuleSetVersionItem(r.Version, r.ValidFrom, r.ValidTo, r.StatusOn(today, r.ReplacedFrom(rows)), r.RecordedAt))]));
}
