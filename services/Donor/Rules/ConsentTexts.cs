using System.Globalization;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>What a donor agrees to, in the words he is shown: a version of one consent (Rules/Consents). Who agrees, agrees to a text.</summary>
/// <param name="Since">The first day on which this text is shown.</param>
/// <param name="Clause">Of the Personal Information Protection Law (PIPL).</param>
public sealed record ConsentText(string Code, int Version, DateOnly Since, string Clause, string Zh, string En)
{
    public string Text => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "zh" ? Zh : En;
}

/// <summary>The texts of this release, oldest version first. Separate consents are separate codes: none is a condition of another but registration.</summary>
public static class ConsentTexts
{
    public static IReadOnlyList<ConsentText> All { get; } = Read();

    /// <summary>The text of a consent that is shown on a day; null where there is none: nobody can agree to what he can't read.</summary>
    public static ConsentText? On(string code, DateOnly day) => All.LastOrDefault(t => t.Code == code && t.Since <= day);

    private static ConsentText[] Read()
    {
        using var file = typeof(ConsentTexts).Assembly.GetManifestResourceStream("Consents/cn-consents.json")!;
        return [.. JsonSerializer.Deserialize<ConsentText[]>(file, Json.Options)!.OrderBy(t => t.Code, StringComparer.Ordinal).ThenBy(t => t.Version)];
    }
}
