using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Operations;

/// <summary>One code that a problem document can bear. <paramref name="Title"/> is in the language of the request.</summary>
public sealed record ProblemTypeView(string Code, int Status, string Title, string TitleZh, string TitleEn, string[] Services);

/// <summary>GET /v1/problem-types and /v1/problem-types/{code}: where a problem's `type` leads.</summary>
public static class ReadProblemTypes
{
    private static readonly Dictionary<string, Entry> Catalogue = Load().ToDictionary(e => e.Code);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/problem-types", () => TypedResults.Ok(new Page<ProblemTypeView>([.. Catalogue.Values.OrderBy(e => e.Code, StringComparer.Ordinal).Select(View)], null))).Public()
            .WithSummary("Every problem code of all services");
        app.MapGet("/v1/problem-types/{code}", Results<Ok<ProblemTypeView>, ProblemHttpResult> (string code) =>
            Catalogue.TryGetValue(code, out var entry) ? TypedResults.Ok(View(entry)) : CommonProblems.NotFound.With()).Public()
            .WithSummary("What a problem code means");
    }

    private static ProblemTypeView View(Entry e) =>
        new(e.Code, e.Status, Language.IsChinese ? e.TitleZh : e.TitleEn, e.TitleZh, e.TitleEn, e.Services);

    /// <summary>docs/problem-types.json, written by a test from all five services; without it, this service's own codes.</summary>
    private static Entry[] Load()
    {
        using var file = typeof(ReadProblemTypes).Assembly.GetManifestResourceStream("problem-types.json");
        return file is not null ? JsonSerializer.Deserialize<Entry[]>(file, Json.Options)!
            : [.. ProblemCatalogue.In(typeof(CommonProblems)).Concat(ProblemCatalogue.In(typeof(Problems))).Select(p => new Entry(p.Code, p.Status, p.Zh, p.En, ["partner"]))];
    }

    private sealed record Entry(string Code, int Status, string TitleZh, string TitleEn, string[] Services);
}
