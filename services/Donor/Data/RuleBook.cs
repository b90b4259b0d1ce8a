using System.Reflection;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Data;

/// <summary>The rule sets and questionnaires of this release, read once from the documents it carries.</summary>
public static class RuleBook
{
    /// <summary>Every version, oldest first, with the document as it is kept and announced.</summary>
    public static readonly (RuleSet Rules, string Document)[] Versions =
        [.. Documents("RuleSets/").Select(text => (JsonSerializer.Deserialize<RuleSet>(text, Json.Options)!, text)).OrderBy(r => r.Item1.ValidFrom)];

    public static readonly Questionnaire[] Questionnaires =
        [.. Documents("Questionnaires/").Select(text => JsonSerializer.Deserialize<Questionnaire>(text, Json.Options)!).OrderBy(q => q.ValidFrom)];

    /// <summary>The newest rules: those that windows are published from.</summary>
    public static RuleSet Current => Versions[^1].Rules;

    /// <summary>The rules that were in force on a day; null where none were.</summary>
    public static RuleSet? On(DateOnly date) => Versions.Select(v => v.Rules).LastOrDefault(r => r.InForceOn(date));

    /// <summary>A version that something was judged by.</summary>
    public static RuleSet Version(string code, string version) => Versions.Select(v => v.Rules).Single(r => r.Code == code && r.Version == version);

    private static IEnumerable<string> Documents(string folder)
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(folder, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
            yield return reader.ReadToEnd();
        }
    }
}
