using System.Reflection;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>
/// Every rule set that was ever published, and which of them holds on which date: bases follow each other in the order of
/// their first dates, each until the next begins or its own end; overlays are laid over them for theirs. Immutable.
/// </summary>
public sealed class RuleBook
{
    private readonly RuleDocument[] bases;
    private readonly RuleDocument[] overlays;
    private readonly Dictionary<(string Code, string Version), RuleSet> composed = [];

    /// <param name="position">The highest position among the documents; a book of a higher position is newer.</param>
    public RuleBook(long position, IReadOnlyCollection<RuleDocument> documents, IReadOnlyCollection<Questionnaire> questionnaires)
    {
        (Position, Documents) = (position, documents);
        bases = [.. documents.Where(d => !d.IsOverlay).OrderBy(d => d.ValidFrom)];
        overlays = [.. documents.Where(d => d.IsOverlay).OrderBy(d => d.Code, StringComparer.Ordinal).ThenBy(d => d.ValidFrom)];
        Questionnaires = [.. questionnaires.OrderBy(q => q.ValidFrom)];
        Effective = [.. Stretches()];
        Life = [.. Joined(Effective)];
    }

    public long Position { get; }

    public IReadOnlyCollection<RuleDocument> Documents { get; }

    public IReadOnlyList<Questionnaire> Questionnaires { get; }

    /// <summary>What holds when, in order and apart.</summary>
    public IReadOnlyList<RuleSet> Effective { get; }

    /// <summary>The same, joined where two neighbours decide alike about dates: most overlays ask and measure more and move no date.</summary>
    internal IReadOnlyList<RuleSet> Life { get; }

    /// <summary>The rules that are, were or will be in force on a day; null where none are known.</summary>
    public RuleSet? On(DateOnly date) => Effective.LastOrDefault(s => date >= s.ValidFrom && (s.ValidTo is not { } end || date <= end));

    /// <summary>The rules of a day, or where none are known those nearest to it: for texts and for what must be decided anyway.</summary>
    public RuleSet Near(DateOnly date) => On(date) ?? Effective.LastOrDefault(s => s.ValidFrom <= date) ?? Effective[0];

    /// <summary>The rules that something was judged by, whatever is in force now.</summary>
    /// <exception cref="InvalidOperationException">No such version was published.</exception>
    public RuleSet Version(string code, string version)
    {
        lock (composed)
        {
            if (composed.TryGetValue((code, version), out var known)) return known;
            var parts = version.Split('+');
            var @base = bases.Single(d => d.Code == code && d.Version == parts[0]);
            var laid = parts[1..].Select(p => overlays.Single(d => d.Code + "." + d.Version == p)).ToArray();
            return composed[(code, version)] = Compose(@base, laid);
        }
    }

    /// <summary>The questions of a day: those of the questionnaire and of the overlays then in force. Its version names both.</summary>
    public Questionnaire QuestionnaireOn(DateOnly date)
    {
        var asked = Questionnaires.LastOrDefault(q => q.ValidFrom <= date) ?? Questionnaires[0];
        return overlays.Where(o => o.Questions is { Length: > 0 } && ValidOn(o, date)).Aggregate(asked, Asking);
    }

    /// <summary>A questionnaire that was asked; null when none of that version was.</summary>
    public Questionnaire? Questionnaire(string code, string version)
    {
        var parts = version.Split('+');
        if (Questionnaires.SingleOrDefault(q => q.Code == code && q.Version == parts[0]) is not { } asked) return null;
        foreach (var part in parts[1..])
        {
            if (overlays.SingleOrDefault(o => o.Code + "." + o.Version == part) is not { Questions.Length: > 0 } overlay) return null;
            asked = Asking(asked, overlay);
        }
        return asked;
    }

    /// <summary>The book with one more document, for looking ahead.</summary>
    public RuleBook With(RuleDocument document) => new(Position + 1, [.. Documents, document], Questionnaires);

    /// <summary>The documents that this release carries.</summary>
    public static RuleBook OfRelease { get; } = new(0, [.. ReleaseDocuments.Select(d => d.Document)], [.. Embedded("Questionnaires/").Select(text => JsonSerializer.Deserialize<Questionnaire>(text, Json.Options)!)]);

    /// <summary>The same with their texts as they are kept, bases first.</summary>
    public static IEnumerable<(RuleDocument Document, string Text)> ReleaseDocuments =>
        Embedded("RuleSets/").Select(text => (Document: Parse(text), text)).OrderBy(d => d.Document.IsOverlay).ThenBy(d => d.Document.ValidFrom);

    public static RuleDocument Parse(string document) => JsonSerializer.Deserialize<RuleDocument>(document, Json.Options)!;

    private static Questionnaire Asking(Questionnaire asked, RuleDocument overlay) =>
        asked with { Version = $"{asked.Version}+{overlay.Code}.{overlay.Version}", Questions = [.. asked.Questions, .. overlay.Questions!] };

    private static RuleSet Compose(RuleDocument @base, IReadOnlyCollection<RuleDocument> laid)
    {
        var rules = @base.Rules.ToDictionary(r => r.Code); // a dictionary that is only added to and replaced in keeps its order
        foreach (var rule in laid.SelectMany(o => o.Rules)) rules[rule.Code] = rule;
        var perSlot = laid.Append(@base).Min(o => o.Limits?.DonorsPerSlot);
        return new RuleSet(@base.Code, string.Join('+', [@base.Version, .. laid.Select(o => $"{o.Code}.{o.Version}")]), @base.ValidFrom, [.. rules.Values], @base.ValidTo, new(perSlot));
    }

    // The last version of an overlay's code that has begun is the one that counts, to its own last date.
    private bool ValidOn(RuleDocument overlay, DateOnly date) => overlay.ValidFrom <= date && (overlay.ValidTo is not { } end || date <= end)
        && !overlays.Any(o => o.Code == overlay.Code && o.ValidFrom <= date && o.ValidFrom > overlay.ValidFrom);

    private IEnumerable<RuleSet> Stretches()
    {
        for (var i = 0; i < bases.Length; i++)
        {
            var (from, to) = (bases[i].ValidFrom, bases[i].ValidTo);
            if (i + 1 < bases.Length && (to is not { } end || bases[i + 1].ValidFrom <= end)) to = bases[i + 1].ValidFrom.AddDays(-1);
            if (to < from) continue;
            DateOnly[] cuts = [.. overlays.SelectMany(o => new[] { o.ValidFrom, o.ValidTo?.AddDays(1) ?? o.ValidFrom }).Append(from).Where(c => c >= from && !(c > to)).Distinct().Order()];
            for (var c = 0; c < cuts.Length; c++)
            {
                var day = cuts[c];
                string version = string.Join('+', [bases[i].Version, .. overlays.Where(o => ValidOn(o, day)).Select(o => $"{o.Code}.{o.Version}")]);
                yield return Version(bases[i].Code, version).Between(day, c + 1 < cuts.Length ? cuts[c + 1].AddDays(-1) : to);
            }
        }
    }

    private static IEnumerable<RuleSet> Joined(IEnumerable<RuleSet> stretches)
    {
        RuleSet? last = null;
        foreach (var next in stretches)
        {
            if (last is not null && last.ValidTo?.AddDays(1) == next.ValidFrom && Dated(last) == Dated(next)) { last = last.Between(last.ValidFrom, next.ValidTo); continue; }
            if (last is not null) yield return last;
            last = next;
        }
        if (last is not null) yield return last;
    }

    // What the windows depend on, as text, because arrays in records are not equal by what they hold.
    private static string Dated(RuleSet rules) => JsonSerializer.Serialize(rules.Rules.Where(r => r.Kind is "age" or "interval" or "interval-exception" or "yearly" or "volume" || (r.Kind == "deferral" && r.Procedures is not null))
        .OrderBy(r => r.Code, StringComparer.Ordinal), Json.Options);

    private static IEnumerable<string> Embedded(string folder)
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
            yield return reader.ReadToEnd();
        }
    }
}
