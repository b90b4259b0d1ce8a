using System.Globalization;
using System.Text.RegularExpressions;
using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Rules;

/// <summary>What one scanned text of a label says; only the fields of its data structure are set.</summary>
/// <param name="Structure">`001` donation number, `002` blood group, `003` product, `004` expiry date, `005` expiry date and time.</param>
/// <param name="Flags">Of a donation number, two characters: which container, tube or record bears it.</param>
/// <param name="BloodGroup">`O-` … `AB+`; `O`, `A`, `B`, `AB` where RhD is not said; null for a label that says something else instead.</param>
/// <param name="Special">What such a label says: `quarantine`, `discard`, `not-for-transfusion`, `autologous`, `biohazard`, `fractionation`, `none`.</param>
/// <param name="CollectionType">`V` volunteer, `A` autologous, `D` directed, `0` not said.</param>
/// <param name="Division">`00` undivided, `A0`, `B0` … first division.</param>
/// <param name="ExpiresAt">In Shanghai: the standard's times are the facility's own.</param>
public sealed record ScannedText(string Structure, Din? Din = null, string? Flags = null, string? BloodGroup = null, string? Special = null, string? ProductCode = null, string? CollectionType = null, string? Division = null, DateTimeOffset? ExpiresAt = null);

/// <summary>
/// Reads scanned texts: ISBT 128 ST-001 v6.2.2, data structures 001 to 005, by identifier and length both, as its 2.2 warns: `=\620000…` is no blood group. Whatever is
/// not exactly one of them is null, never half read.
/// </summary>
public static class Isbt128
{
    private static readonly Regex Product = new("^=<([A-Z][0-9]{4})([0-9A-Za-z])([0-9A-Z][0-9A-Za-z])$");
    private static readonly Regex Group = new("^=%([0-9M][0-9a-z])[0-9A-Z]0$");

    /// <summary>ST-001 table 4 as far as it is of use here: the default codes, and messages that stand in a group's place.</summary>
    private static readonly Dictionary<string, string> Groups = new(StringComparer.Ordinal)
    {
        ["95"] = "O-", ["51"] = "O+", ["06"] = "A-", ["62"] = "A+", ["17"] = "B-", ["73"] = "B+", ["28"] = "AB-", ["84"] = "AB+", ["55"] = "O", ["66"] = "A", ["77"] = "B", ["88"] = "AB",
    };

    private static readonly Dictionary<string, string> Specials = new(StringComparer.Ordinal)
    {
        ["Mq"] = "quarantine", ["Md"] = "discard", ["Mx"] = "not-for-transfusion", ["Ma"] = "autologous", ["Mb"] = "biohazard", ["Mf"] = "fractionation", ["00"] = "none",
    };

    public static ScannedText? Read(string text) => text switch
    {
        { Length: 16 } when text[0] == '=' && Din.Parse(text) is { } din => new("001", Din: din, Flags: text[14..]),
        { Length: 6 } when Group.Match(text) is { Success: true } m && Groups.TryGetValue(m.Groups[1].Value, out var group) => new("002", BloodGroup: group),
        { Length: 6 } when Group.Match(text) is { Success: true } m && Specials.TryGetValue(m.Groups[1].Value, out var special) => new("002", Special: special),
        { Length: 10 } when Product.Match(text) is { Success: true } m => new("003", ProductCode: m.Groups[1].Value, CollectionType: m.Groups[2].Value, Division: m.Groups[3].Value),
        { Length: 8 } when text.StartsWith("=>", StringComparison.Ordinal) && Moment(text[2..] + "2359") is { } day => new("004", ExpiresAt: day),
        { Length: 12 } when text.StartsWith("&>", StringComparison.Ordinal) && Moment(text[2..]) is { } moment => new("005", ExpiresAt: moment),
        _ => null,
    };

    /// <summary>cyyjjjhhmm: century (0 for 20yy, 9 for 19yy), year, day of the year, hour and minute.</summary>
    private static DateTimeOffset? Moment(string text)
    {
        if (!text.All(char.IsAsciiDigit) || text[0] is not ('0' or '1' or '9')) return null;
        int Part(int from, int length) => int.Parse(text.AsSpan(from, length), CultureInfo.InvariantCulture);
        var (year, day, hour, minute) = ((text[0] == '9' ? 1900 : 2000 + 100 * Part(0, 1)) + Part(1, 2), Part(3, 3), Part(6, 2), Part(8, 2));
        return day >= 1 && day <= (DateTime.IsLeapYear(year) ? 366 : 365) && hour <= 23 && minute <= 59 ? Shanghai.StartOf(new DateOnly(year, 1, 1).AddDays(day - 1)).AddMinutes(60 * hour + minute) : null;
    }
}
