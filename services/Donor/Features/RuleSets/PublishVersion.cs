using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.RuleSets;

/// <summary>A version of a rule set, as GET answers a version's `document`.</summary>
public sealed record RuleSetRequest(
    [property: StringLength(20, MinimumLength = 1)] string Version,
    DateOnly ValidFrom,
    [property: MaxLength(1000)] IReadOnlyList<Rule> Rules,
    DateOnly? ValidTo = null,
    [property: AllowedValues("base", "overlay")] string Kind = "base",
    [property: StringLength(200)] string Zh = "",
    [property: StringLength(200)] string En = "",
    Dictionary<string, string>? Sources = null,
    [property: MaxLength(100)] IReadOnlyList<Question>? Questions = null,
    RuleLimits? Limits = null)
{
    // Defaults are left out: the document says what it says, and not what it does not.
    private static readonly JsonSerializerOptions Sparse = new(Json.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    /// <summary>The document under a code; 422 where it could not be one at all, or says what no rule set may.</summary>
    internal (RuleDocument? Document, ProblemHttpResult? Problem) Read(string code, RuleBook book, DateOnly today)
    {
        // The reader of JSON lets a null into a list.
        if (Rules.ToList().IndexOf(null!) is >= 0 and var row) return (null, Problems.RuleSetInvalid.With(null, new FieldError($"/rules/{row}", "missing", "A row")));
        if (Questions?.ToList().IndexOf(null!) is >= 0 and var question) return (null, Problems.RuleSetInvalid.With(null, new FieldError($"/questions/{question}", "missing", "A question")));
        var document = new RuleDocument(code, Version, ValidFrom, [.. Rules], ValidTo, Kind, Zh, En, Sources, Questions is null ? null : [.. Questions], Limits);
        var errors = RuleSetCheck.Errors(document, book, today);
        return errors.Length == 0 ? (document, null) : (null, Problems.RuleSetInvalid.With($"{errors.Length} rows or fields", errors));
    }

    internal static string Text(RuleDocument document) => JsonSerializer.Serialize(document, Sparse);
}

/// <summary>POST /v1/rule-sets/{code}/versions: the authority says what holds from a date on, and a job judges every donor anew.</summary>
public static class PublishVersion
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/rule-sets/{code}/versions", Handle)
        .Allow("rules", Roles.Authority).Creates().WithSummary("Publishes a version of a rule set or an overlay");

    private static async Task<Results<Made<RuleSetVersionView>, ProblemHttpResult>> Handle(string code, RuleSetRequest request, Caller caller, Database db, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<RuleSetVersionView>, ProblemHttpResult>>(async tx =>
        {
            var (position, exists) = await tx.Read(RuleBooks.Lock + RuleBooks.Position + "select exists (select from donor.rule_set where code = @code and version = @Version)", new { code, request.Version }, async grid =>
            {
                await grid.ReadAsync<int>();
                return (await grid.ReadSingleAsync<long>(), await grid.ReadSingleAsync<bool>());
            });
            if (exists) return Problems.RuleSetVersionExists.With(null, new FieldError("/version", "rule_set_version_exists", "A published version never changes: give the next one"));
            var (document, problem) = request.Read(code, await books.At(position), Shanghai.DateOf(tx.Now));
            if (problem is not null) return problem;

            var text = RuleSetRequest.Text(document!);
            var jobId = Publication.Write(tx, document!, text, position + 1, caller.ClientId);
            tx.Audit("rule-set.publish", $"rule-sets/{code}/versions/{request.Version}", new { position = position + 1, jobId });
            return Answers.Created($"/v1/rule-sets/{code}/versions/{request.Version}", position + 1,
                RuleSetVersionView.Of(new(code, request.Version, document!.Kind, document.ValidFrom, document.ValidTo, text, tx.Now, position + 1), Shanghai.DateOf(tx.Now), jobId));
        }, ct);
}
