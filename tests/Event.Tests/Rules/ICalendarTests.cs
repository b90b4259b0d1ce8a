using System.Text;
using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class ICalendarTests
{
    [Fact]
    public void Text_is_escaped_and_instants_are_UTC() =>
        Assert.Equal("SUMMARY:a\\, b\\; c\\\\d\\ne\r\nDTSTART:20260305T010000Z\r\n", new ICalendar().Text("SUMMARY", "a, b; c\\d\r\ne").Instant("DTSTART", new(2026, 3, 5, 9, 0, 0, TimeSpan.FromHours(8))).ToString());

    [Fact]
    public void Lines_are_folded_at_75_octets_never_within_a_character_and_unfold_to_what_was_said() => Prop.ForAll(Gen.Elements("献", "血", "a", ",", ";", "\\", "🩸", " ").ListOf().Select(string.Concat).ToArbitrary(), text =>
    {
        var written = new ICalendar().Text("DESCRIPTION", text).ToString();
        Assert.EndsWith("\r\n", written);
        var lines = written[..^2].Split("\r\n");
        Assert.All(lines, line => Assert.True(Encoding.UTF8.GetByteCount(line) <= 75));
        Assert.All(lines.Skip(1), line => Assert.StartsWith(" ", line));
        Assert.Equal(("DESCRIPTION", text), Assert.Single(IcsReader.Lines(written)));
    }).QuickCheckThrowOnFailure();
}

/// <summary>What a subscriber's program makes of an .ics: unfolded, names, values unescaped. Knows nothing of the writer.</summary>
internal static class IcsReader
{
    public static IEnumerable<(string Name, string Value)> Lines(string ics)
    {
        foreach (var line in ics.Replace("\r\n ", "", StringComparison.Ordinal).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var value = new StringBuilder();
            for (var i = colon + 1; i < line.Length; i++)
                value.Append(line[i] != '\\' ? line[i] : line[++i] is 'n' or 'N' ? '\n' : line[i]);
            yield return (line[..colon], value.ToString());
        }
    }

    public static List<Dictionary<string, string>> Events(string ics)
    {
        var (events, current) = (new List<Dictionary<string, string>>(), (Dictionary<string, string>?)null);
        foreach (var (name, value) in Lines(ics))
            if ((name, value) == ("BEGIN", "VEVENT")) current = [];
            else if ((name, value) == ("END", "VEVENT")) { events.Add(current!); current = null; }
            else current?.Add(name, value);
        return events;
    }
}
