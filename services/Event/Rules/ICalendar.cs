using System.Globalization;
using System.Text;

namespace BloodPlatform.Drives.Rules;

/// <summary>Writes iCalendar (RFC 5545): CRLF, text escaped (3.3.11), lines folded at 75 octets and never within a character (3.1).</summary>
public sealed class ICalendar
{
    private const int MostOctets = 75;
    private readonly StringBuilder lines = new();

    /// <summary>A property whose value is written as given: dates, numbers, names of the standard.</summary>
    public ICalendar Raw(string name, string value)
    {
        var octets = 0;
        foreach (var rune in $"{name}:{value}".EnumerateRunes())
        {
            if (octets + rune.Utf8SequenceLength > MostOctets)
            {
                lines.Append("\r\n ");
                octets = 1; // the space counts
            }
            lines.Append(rune.ToString());
            octets += rune.Utf8SequenceLength;
        }
        lines.Append("\r\n");
        return this;
    }

    /// <summary>A property of type TEXT.</summary>
    public ICalendar Text(string name, string value) => Raw(name, Escape(value));

    /// <summary>An instant, in UTC: every reader knows it without a time zone's definition.</summary>
    public ICalendar Instant(string name, DateTimeOffset value) => Raw(name, value.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));

    public override string ToString() => lines.ToString();

    private static string Escape(string value) => new StringBuilder(value).Replace("\\", "\\\\").Replace(";", "\\;").Replace(",", "\\,").Replace("\r\n", "\\n").Replace("\n", "\\n").Replace("\r", "\\n").ToString()
        is var escaped && escaped.Any(c => char.IsControl(c) && c != '\t') ? string.Concat(escaped.Where(c => !char.IsControl(c) || c == '\t')) : escaped;
}
