using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace BloodPlatform.Donors.Rules;

/// <summary>
/// Everything that one judgement of a visit depended on besides the rules: kept with what came of it, so that the same rules can be
/// asked again and must answer the same, byte for byte (PIPL Art. 24: automated decisions are transparent).
/// </summary>
/// <param name="On">The Shanghai date as of which it was judged.</param>
/// <param name="Facts">Of the donor, with <paramref name="Procedures"/>: whether at least one is open to him.</param>
/// <param name="Values">What was measured, of a donor of <paramref name="Sex"/>; with the <paramref name="Procedures"/> that were open, where only those that it concerns are closed.</param>
/// <param name="Questionnaire">What was asked (`code version`), with <paramref name="Answers"/>, the physician's finding and the <paramref name="Procedures"/> offered.</param>
/// <param name="Failed">A condition that was not met, by its rule.</param>
public sealed record DecisionInput(
    DateOnly On, DonorFacts? Facts = null, string[]? Procedures = null, string? Sex = null, Dictionary<string, decimal>? Values = null,
    QuestionnaireVersion? Questionnaire = null, Dictionary<string, string>? Answers = null, bool FitToDonate = false, string? Failed = null);

public sealed record QuestionnaireVersion(string Code, string Version);

/// <summary>One way from input to findings, for the first time and for every later one.</summary>
public static class Decision
{
    private static readonly JsonSerializerOptions Plain = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What the rules find. Answers must be complete (<see cref="Questionnaire.Judge"/> rejects those that are not before they come here).</summary>
    public static Findings Judge(RuleBook book, RuleSet rules, DecisionInput input)
    {
        if (input.Failed is { } failed) return Checks.Fail(rules, failed, input.On);
        if (input.Values is { } values) return Checks.Judge(rules, input.Sex ?? "", input.On, values, input.Procedures);
        if (input.Questionnaire is { } asked) return book.Questionnaire(asked.Code, asked.Version)!.Judge(input.Answers!, input.FitToDonate, rules, input.On, input.Procedures).Findings!;
        // A walk-in may still choose: he is turned away only where nothing that is offered is open to him.
        var standing = input.Procedures!.Select(procedure => Eligibility.Obstacles(input.Facts!, procedure, rules).On(input.On)).ToArray();
        return standing.All(o => o.Length > 0) ? new([.. standing[0].Select(o => new Reason(o.Category, o.Rule, o.Until))], []) : new([], []);
    }

    public static string Text(DecisionInput input) => JsonSerializer.Serialize(input, Plain);

    public static string Text(Findings findings) => JsonSerializer.Serialize(findings, Plain);

    public static Findings Findings(string kept) => JsonSerializer.Deserialize<Findings>(kept, Plain)!;

    public static DecisionInput Input(string kept) => JsonSerializer.Deserialize<DecisionInput>(kept, Plain)!;
}
