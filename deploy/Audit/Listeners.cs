using System.Text.RegularExpressions;

namespace BloodPlatform.Audit;

/// <summary>Who hears which event, read from the table in docs/events.md: `| event | publisher | … | heard by |`.</summary>
/// <param name="Types">Every event that the table names: BloodPlatform.Contracts.Donor.DonationCollected.</param>
/// <param name="Pairs">Event and listening service; Partner hears all, named or not.</param>
public sealed record Listeners(IReadOnlyList<string> Types, IReadOnlyList<(string Type, string Service)> Pairs)
{
    /// <summary>Lenient about columns in between, links, code marks and separators; null when there is no such table.</summary>
    public static Listeners? Parse(string markdown)
    {
        List<string> types = [];
        List<(string, string)> pairs = [];
        int eventAt = -1, publisherAt = -1, heardAt = -1;
        foreach (var line in markdown.Split('\n').Select(l => l.Trim()))
        {
            if (!line.StartsWith('|')) { eventAt = -1; continue; }
            var cells = line.Trim('|').Split('|').Select(c => c.Trim()).ToArray();
            if (eventAt < 0)
            {
                eventAt = ColumnOf(cells, "event");
                publisherAt = ColumnOf(cells, "publisher");
                heardAt = ColumnOf(cells, "heard by");
                if (publisherAt < 0 || heardAt < 0) eventAt = -1;
                continue;
            }
            if (cells.Length <= Math.Max(eventAt, Math.Max(publisherAt, heardAt)) || cells[eventAt].All(c => c is '-' or ':' or ' ')) continue;
            var publisher = Prelude.Services.FirstOrDefault(s => Names(cells[publisherAt], s));
            var name = Regex.Match(cells[eventAt], @"[A-Za-z][A-Za-z0-9.]*").Value.Split('.')[^1];
            if (publisher is null || name.Length == 0) continue;
            var type = $"BloodPlatform.Contracts.{char.ToUpperInvariant(publisher[0])}{publisher[1..]}.{name}";
            types.Add(type);
            pairs.AddRange(Prelude.Services.Where(s => s == "partner" || Names(cells[heardAt], s)).Select(s => (type, s)));
        }
        return types.Count == 0 ? null : new Listeners(types, pairs);
    }

    private static int ColumnOf(string[] cells, string title) => Array.FindIndex(cells, c => c.Contains(title, StringComparison.OrdinalIgnoreCase));

    private static bool Names(string cell, string service) => Regex.IsMatch(cell, $@"\b{service}\b", RegexOptions.IgnoreCase);
}
