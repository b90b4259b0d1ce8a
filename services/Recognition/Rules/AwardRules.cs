using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Recognition.Rules;

/// <summary>A number of the rules with where it is from; confidence is `high`, `medium` or `low`.</summary>
public sealed record Parameter<T>(T Value, string Source, string Confidence);

/// <summary>A level of an award: earned with this many counts.</summary>
public sealed record AwardLevel(string Level, int Value, string Source, string Confidence);

public sealed record AwardTitle(string Zh, string En);

/// <summary>
/// One dated version of one award's rules, read from awards.json: rules are data, so a new version is a new entry and old
/// donations keep being judged as of their day.
/// </summary>
/// <param name="Award">`national-dedication` (全国无偿献血表彰奖励办法) or `guangdong-dedication` (粤卫医函〔2021〕147号).</param>
/// <param name="Scope">`national` or `provincial`: which of a credit's two counts it looks at.</param>
/// <param name="ValidFrom">Shanghai date; valid until the next version's.</param>
/// <param name="MlPerCount">Whole blood: ml that make one count.</param>
/// <param name="FullFromShareOfNominal">From this share of the nominal volume on a bag counts as its nominal volume.</param>
/// <param name="FractionsAccumulate">300 ml is 1.5: fractions add up and only totals are floored. False: each donation is floored.</param>
public sealed record AwardRules(string Award, string Scope, string Version, Parameter<DateOnly> ValidFrom, AwardTitle Title, Parameter<int> MlPerCount,
    Parameter<int> CountsPerTreatmentUnit, Parameter<decimal> FullFromShareOfNominal, Parameter<bool> FractionsAccumulate, AwardLevel[] Levels);

/// <summary>Every version of every award.</summary>
public sealed class AwardCatalogue(IReadOnlyList<AwardRules> versions)
{
    /// <summary>The rules this release is built with.</summary>
    public static AwardCatalogue Shipped { get; } = Read();

    /// <summary>One award per scope so far, each with its versions, oldest first.</summary>
    public IEnumerable<string> Awards => versions.Select(v => v.Award).Distinct();

    /// <summary>The version of a scope's award in force on a Shanghai date; before the first one, the first: older donations count too (version of 2022).</summary>
    public AwardRules InForce(string scope, DateOnly on) => LatestOf(versions.Where(v => v.Scope == scope), on);

    /// <summary>As <see cref="InForce"/>, by award.</summary>
    public AwardRules OfAward(string award, DateOnly on) => LatestOf(versions.Where(v => v.Award == award), on);

    private static AwardRules LatestOf(IEnumerable<AwardRules> candidates, DateOnly on)
    {
        var inOrder = candidates.OrderBy(v => v.ValidFrom.Value).ToList();
        return inOrder.LastOrDefault(v => v.ValidFrom.Value <= on) ?? inOrder[0];
    }

    private static AwardCatalogue Read()
    {
        using var file = typeof(AwardCatalogue).Assembly.GetManifestResourceStream("Rules/awards.json")!;
        return new(JsonSerializer.Deserialize<AwardRules[]>(file, Json.Options)!);
    }
}
