using System.Globalization;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>A line of an organisation's list, as written.</summary>
public sealed record MembershipLine(string? MemberNumber, string? GroupId, string? ValidFrom, string? ValidTo);

/// <summary>A line that can be applied.</summary>
public sealed record MembershipChange(string MemberNumber, string? GroupId, DateOnly? ValidFrom, DateOnly? ValidTo);

/// <summary>Lists by which an organisation moves its members from group to group, once a year when classes roll over.</summary>
public static class MembershipList
{
    public const int MostRows = 20_000;

    /// <summary>The change that a line says, or what is wrong with it, by column.</summary>
    public static (MembershipChange? Change, FieldError[] Errors) Read(MembershipLine line)
    {
        var errors = new List<FieldError>();
        string? Text(string? value, string column, int most, bool required)
        {
            var text = value?.Trim();
            if (string.IsNullOrEmpty(text)) { if (required) errors.Add(new("/" + column, "required", "Empty")); return null; }
            if (text.Any(Plain.Control)) errors.Add(new("/" + column, "invalid", "No control characters"));
            if (text.Length > most) errors.Add(new("/" + column, "invalid", $"At most {most} characters"));
            return text;
        }
        DateOnly? Date(string? value, string column)
        {
            if (string.IsNullOrWhiteSpace(value)) return null;
            if (DateOnly.TryParseExact(value.Trim(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            {
                if (Memberships.BadDay(date, "/" + column) is { } bad) errors.Add(bad);
                return date;
            }
            errors.Add(new("/" + column, "invalid", "A date such as 2026-09-01"));
            return null;
        }
        var (number, group) = (Text(line.MemberNumber, "memberNumber", 40, true), Text(line.GroupId, "groupId", 80, false));
        var (from, to) = (Date(line.ValidFrom, "validFrom"), Date(line.ValidTo, "validTo"));
        if (from > to) errors.Add(new("/validTo", "invalid", "Before validFrom"));
        return errors.Count > 0 ? (null, [.. errors]) : (new(number!, group, from, to), []);
    }
}
