using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace BloodPlatform.Drives.Rules;

/// <summary>A row as it was handed in, nothing of it checked.</summary>
/// <param name="Unreadable">Why there is nothing to check.</param>
public sealed record RosterLine(string? Name, string? MemberNumber = null, string? Group = null, string? Phone = null, string? SlotStartsAt = null, string? Unreadable = null);

/// <summary>Somebody who is invited.</summary>
public sealed record RosterMember(string Name, string? MemberNumber, string? Group, string? Phone)
{
    /// <summary>Who is meant, for finding him twice: his number says it, else name and telephone, else name and group.</summary>
    public string Identity => MemberNumber is not null ? "n\0" + MemberNumber : Phone is not null ? $"p\0{Name}\0{Phone}" : $"g\0{Name}\0{Group}";
}

/// <summary>What becomes of a row.</summary>
/// <param name="Status">`accepted`, `duplicate` or `unreadable`.</param>
/// <param name="Code">Why not: `duplicate_row`, `name_missing`, `name_invalid`, `member_number_invalid`, `identity_number_unwanted`, `group_invalid`, `phone_invalid`, `slot_invalid`, `too_long`.</param>
public sealed record RosterRow(int Index, string Status, string? Code, RosterMember? Member, DateTimeOffset? SlotStartsAt);

/// <summary>
/// The list of those whom an organiser invites: rows with fields, or what a class writes one below the other in a WeChat group (接龙). Of a pasted line only
/// name, telephone, number and class are taken; the rest (a blood group, how somebody feels) is nobody's business and is dropped here.
/// </summary>
public static partial class Roster
{
    public const int MostRows = 1000;
    private const int LongestLine = 200;
    private const string Han = @"(?:[㐀-鿿〇]|[\uD840-\uD887][\uDC00-\uDFFF])";

    /// <summary>Judges rows one by one; of two that mean the same person the first counts.</summary>
    public static IReadOnlyList<RosterRow> Judge(IReadOnlyList<RosterLine> lines)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var rows = new List<RosterRow>(lines.Count);
        foreach (var (index, line) in lines.Index())
        {
            var (member, slot, fault) = Read(line);
            rows.Add(fault is not null ? new(index, "unreadable", fault, null, null)
                : seen.Add(member!.Identity) ? new(index, "accepted", null, member, slot)
                : new(index, "duplicate", "duplicate_row", member, null));
        }
        return rows;
    }

    /// <summary>One person, or what is wrong with him.</summary>
    public static (RosterMember? Member, DateTimeOffset? SlotStartsAt, string? Fault) Read(RosterLine line)
    {
        if (line.Unreadable is { } already) return (null, null, already);
        var (name, number, group, phone) = (Tidy(line.Name), Tidy(line.MemberNumber), Tidy(line.Group), Tidy(line.Phone));
        DateTimeOffset? slot = null;
        if (Tidy(line.SlotStartsAt) is { } at)
        {
            if (!DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var parsed) || !HasOffset().IsMatch(at)) return (null, null, "slot_invalid");
            slot = parsed;
        }
        phone = phone is null ? null : PhoneFiller().Replace(phone, "");
        var fault =
            name is null ? "name_missing"
            : number is not null && IdentityNumber().IsMatch(number) || IdentityNumber().IsMatch(name) ? "identity_number_unwanted"
            : !PlausibleName().IsMatch(name) ? "name_invalid"
            : number is not null && !PlausibleNumber().IsMatch(number) ? "member_number_invalid"
            : group?.Length > 40 || (group is not null && IdentityNumber().IsMatch(group)) ? "group_invalid"
            : phone is not null && !PlausiblePhone().IsMatch(phone) ? "phone_invalid"
            : null;
        return fault is not null ? (null, null, fault) : (new(name!, number?.ToUpperInvariant(), group, phone), slot, null);
    }

    /// <summary>
    /// The entries of a pasted list. Before the first numbered line stand the list's title and its example (例); after it every line is an entry, numbered
    /// or not, because people forget the number. In a list without any number every line is one.
    /// </summary>
    public static IReadOnlyList<RosterLine> FromPaste(string text)
    {
        var lines = text.Split(['\n', '\r', '\u2028', '\u2029'], StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Length > LongestLine ? l : Plain(l)).Where(l => l.Length > 0 && !Marker().IsMatch(l)).ToList();
        var first = lines.FindIndex(IsNumbered);
        return [.. lines.Skip(Math.Max(0, first)).Where(l => !OnlyNumber().IsMatch(l)).Select(Entry)];
    }

    private static bool IsNumbered(string line) => line.Length <= LongestLine && Numbering().Match(line) is { Success: true, Length: var length } && line.Length > length;

    private static RosterLine Entry(string line)
    {
        if (line.Length > LongestLine) return new(null, Unreadable: "too_long");
        var rest = Numbering().Replace(line, "");
        if (IdentityNumber().IsMatch(rest)) return new(null, Unreadable: "identity_number_unwanted");
        string? phone = null;
        rest = Mobile().Replace(rest, m => { phone ??= m.Groups[1].Value; return " "; });
        var tokens = Labels().Replace(rest, " ").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var number = tokens.FirstOrDefault(t => Number().IsMatch(t));
        var group = tokens.FirstOrDefault(t => t.Length <= 40 && GroupName().IsMatch(t));
        var latin = string.Join(' ', tokens.SkipWhile(t => !LatinName().IsMatch(t)).TakeWhile(t => LatinName().IsMatch(t)));
        var name = tokens.FirstOrDefault(t => HanName().IsMatch(t) && !GroupName().IsMatch(t)) ?? (latin.Length > 0 ? latin : null);
        // Nothing but what looks like a class: 王科 is a name, and 张三2班 both.
        if (name is null && tokens.FirstOrDefault(t => t.Length <= 3 && HanName().IsMatch(t)) is { } surnameAndOffice)
            (name, group) = (surnameAndOffice, tokens.FirstOrDefault(t => t != surnameAndOffice && t.Length <= 40 && GroupName().IsMatch(t)));
        if (name is null && group is not null && NameBeforeDigits().Match(group) is { Success: true } both) (name, group) = (both.Groups[1].Value, both.Groups[2].Value);
        return name is null ? new(null, Unreadable: "name_missing") : new(name, number, group, phone);
    }

    /// <summary>Full-width forms as ASCII, circled and keycap numbers as numbers, no emoji, no invisible characters, separators as spaces.</summary>
    private static string Plain(string line)
    {
        var plain = new StringBuilder(line.Length);
        foreach (var c in line)
            if (c is >= '①' and <= '⑳') plain.Append(CultureInfo.InvariantCulture, $"{c - '①' + 1}. ");
            else if (c == '\u20E3') plain.Append(". "); // a keycap ends the number in it
            else if (c is >= '！' and <= '～') plain.Append((char)(c - 0xFEE0));
            else if (c is '\u3000' or '\t') plain.Append(' ');
            else plain.Append(c);
        var ascii = Decoration().Replace(plain.ToString(), "").Trim();
        var numbering = Numbering().Match(ascii);
        return (numbering.Value + Separators().Replace(ascii[numbering.Length..], " ")).Trim();
    }

    private static string? Tidy(string? field)
    {
        if (string.IsNullOrWhiteSpace(field)) return null;
        var tidy = new StringBuilder(field.Length);
        foreach (var c in field) tidy.Append(c is >= '！' and <= '～' ? (char)(c - 0xFEE0) : char.IsWhiteSpace(c) ? ' ' : c);
        var trimmed = tidy.ToString().Trim();
        return trimmed.Length == 0 ? null : trimmed;
    }

    [GeneratedRegex(@"^\s*#?\s*(接龙|群接龙)|^例\s*[:：. ]")]
    private static partial Regex Marker();

    // 1. 1、 1） (1) 1 张三, 1张三; not 8.25, 2班, 11月.
    [GeneratedRegex(@"^(?:[(\[【]\d{1,4}[)\]】]\s*|\d{1,4}\s*[。、)\]】]+\s*|\d{1,4}\s*[.,]+(?:\s+|(?!\d)|(?=1[3-9]\d{9}))|\d{1,4}\s+(?![\d班年月级号人点组名个时日楼])|\d{1,4}(?=[㐀-鿿])(?![班年月级号人点组名个时日楼栋室届]))")]
    private static partial Regex Numbering();

    [GeneratedRegex(@"^[\s.。、,()\[\]【】]*\d{0,4}[\s.。、,()\[\]【】]*$")]
    private static partial Regex OnlyNumber();

    [GeneratedRegex(@"[\uD83C-\uD83E][\uDC00-\uDFFF]|[\u2600-\u27BF\u2B00-\u2BFF\uFE0E\uFE0F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\u0000-\u001F\u007F-\u009F]")]
    private static partial Regex Decoration();

    [GeneratedRegex(@"[,，、;；:：/\\|_()（）\[\]【】<>《》""“”'‘’~!?。*=…—–\s]+|(?<=\D)-|-(?=\D)|(?<=\D)\.|\.(?=\D)")]
    private static partial Regex Separators();

    [GeneratedRegex(@"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)")]
    private static partial Regex Mobile();

    [GeneratedRegex(@"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])|(?<![0-9A-Za-z])\d{15}(?![0-9A-Za-z])")]
    private static partial Regex IdentityNumber();

    [GeneratedRegex(@"(?<=^|\s)(姓名|名字|电话|手机号?码?|联系方式|联系电话|班级|部门|单位|学号|工号|编号)(?=\s|$)")]
    private static partial Regex Labels();

    [GeneratedRegex($@"^({Han}{{2,4}})(\d.*)$")]
    private static partial Regex NameBeforeDigits();

    [GeneratedRegex(@"^[\dA-Za-z㐀-鿿-]*(班|级|院|系|部|科|组|队|室|处|专业|支部|车间|中心|公司|学校|单位)$|^[㐀-鿿]{2,10}(\d{1,2}|\d{4,6})(-\d{1,2})?$")]
    private static partial Regex GroupName();

    [GeneratedRegex(@"^[A-Za-z]{0,4}\d{4,20}$")]
    private static partial Regex Number();

    [GeneratedRegex($@"^{Han}{{2,4}}$|^{Han}{{1,10}}[·•・．]{Han}{{1,15}}([·•・．]{Han}{{1,10}})?$")]
    private static partial Regex HanName();

    [GeneratedRegex(@"^[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’-]{0,29}$")]
    private static partial Regex LatinName();

    [GeneratedRegex($@"^(?:{Han}|[A-Za-zÀ-ɏ])(?:{Han}|[A-Za-zÀ-ɏ·•・.'’ -]){{0,39}}$")]
    private static partial Regex PlausibleName();

    [GeneratedRegex("^[0-9A-Za-z-]{1,30}$")]
    private static partial Regex PlausibleNumber();

    [GeneratedRegex(@"[ \-()]")]
    private static partial Regex PhoneFiller();

    [GeneratedRegex(@"^\+?\d{5,20}$")]
    private static partial Regex PlausiblePhone();

    [GeneratedRegex(@"([Zz]|[+-]\d{2}:?\d{2})$")]
    private static partial Regex HasOffset();
}
