using System.Globalization;
using System.Text;

namespace BloodPlatform.Demo;

/// <summary>One figure: what was sent, and what each service that knows of it counts. An empty cell is a service that does not.</summary>
/// <param name="Note">What else is known of it; printed behind the row.</param>
public sealed record Row(string Label, decimal? Sent, decimal? Donor = null, decimal? Event = null, decimal? Inventory = null, decimal? Recognition = null, decimal? Partner = null, string? Note = null)
{
    public decimal?[] Cells => [Sent, Donor, Event, Inventory, Recognition, Partner];

    /// <summary>Whether all who know of it say the same; nobody to compare with is no agreement.</summary>
    public bool Agrees => Cells.OfType<decimal>().ToArray() is { Length: > 1 } said && said.Distinct().Count() == 1;
}

/// <summary>Rows under headings.</summary>
public sealed class Table
{
    private static readonly string[] Heads = ["sent", "Donor", "Event", "Inventory", "Recognition", "Partner"];
    private readonly List<(string Heading, Row[] Rows)> parts = [];

    public void Add(string heading, IEnumerable<Row> rows) => parts.Add((heading, [.. rows]));

    public bool Agrees => parts.TrueForAll(p => p.Rows.Length > 0 && p.Rows.All(r => r.Agrees));

    public override string ToString()
    {
        var text = new StringBuilder();
        var wide = parts.SelectMany(p => p.Rows.Select(r => Width(r.Label) + 2).Append(Width(p.Heading))).Append(0).Max();
        string Line(string label, IEnumerable<string> cells, string behind = "") => (Padded(label, wide) + string.Concat(cells.Select(c => c.PadLeft(13))) + behind).TrimEnd() + "\n";
        text.Append(Line("", Heads));
        foreach (var (heading, rows) in parts)
        {
            text.Append('\n').Append(Line(heading, []));
            foreach (var row in rows)
                text.Append(Line("  " + row.Label, row.Cells.Select(c => c?.ToString("#,0.##", CultureInfo.InvariantCulture) ?? "·"), (row.Agrees ? "" : "  ≠") + (row.Note is null ? "" : "  " + row.Note)));
        }
        return text.ToString();
    }

    private static string Padded(string text, int width) => text + new string(' ', Math.Max(0, width - Width(text)));

    /// <summary>Columns on a terminal: a Chinese character takes two.</summary>
    private static int Width(string text) => text.Sum(c => c is >= '\u2E80' and <= '\uFFEF' ? 2 : 1);
}
