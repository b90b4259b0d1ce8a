using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>A time in an organisation, both dates included; no `From` is since ever, no `To` until further notice.</summary>
/// <param name="GroupId">Class, department, village group: the organisation's own word.</param>
public sealed record MembershipPeriod(Guid Id, Guid OrganisationId, string? GroupId, DateOnly? From, DateOnly? To, bool ShareParticipation);

/// <summary>
/// Who belongs where when. Several organisations at once; in one of them periods follow one another and never overlap, so that a
/// donation's class is the class of its day.
/// </summary>
public static class Memberships
{
    /// <summary>Nobody who gives belonged anywhere before this day, nor is told to belong after the last one: other years are slips of the pen.</summary>
    public static readonly DateOnly Earliest = new(1900, 1, 1), Latest = new(2199, 12, 31);

    /// <summary>What is wrong with a day of a membership; null where nothing is.</summary>
    public static FieldError? BadDay(DateOnly? day, string pointer) => day < Earliest || day > Latest ? new(pointer, "invalid", $"A day from {Earliest:yyyy-MM-dd} to {Latest:yyyy-MM-dd}") : null;

    /// <summary>
    /// What a period of an organisation does to those recorded there: the one with the same first day is replaced, one still running on
    /// its first day ends the day before.
    /// </summary>
    /// <returns>The period it replaces, the one it ends, or 409 membership_overlap where a later one has begun by its end.</returns>
    public static (MembershipPeriod? Replaced, MembershipPeriod? Ended, Rejection? Rejection) Put(IEnumerable<MembershipPeriod> recorded, MembershipPeriod period)
    {
        if ((BadDay(period.From, "/validFrom") ?? BadDay(period.To, "/validTo")) is { } bad) return (null, null, CommonProblems.Invalid.Because(null, bad));
        if (period.From > period.To) return (null, null, CommonProblems.Invalid.Because(null, new FieldError("/validTo", "invalid", "Before validFrom")));
        var others = recorded.Where(p => p.OrganisationId == period.OrganisationId).ToList();
        var replaced = others.SingleOrDefault(p => p.From == period.From);
        var later = others.Where(p => p.From is { } from && (period.From is not { } start || from > start)).MinBy(p => p.From);
        if (later is not null && (period.To is not { } to || to >= later.From))
            return (null, null, Problems.MembershipOverlap.Because($"The next membership there begins on {later.From:yyyy-MM-dd}", new FieldError("/validTo", "membership_overlap", "Must end before the next one begins")));
        var ended = period.From is { } first ? others.SingleOrDefault(p => p != replaced && (p.From is not { } start || start < first) && (p.To is not { } end || end >= first)) : null;
        return (replaced, ended is null ? null : ended with { To = period.From!.Value.AddDays(-1) }, null);
    }

    /// <summary>
    /// The organisation a donation is attributed to, as of its day and only where the donor shares his participation: the drive's
    /// organiser where he belongs to it, else the one he joined last.
    /// </summary>
    public static Guid? SharedOn(IEnumerable<MembershipPeriod> recorded, DateOnly day, Guid? organiser) => recorded
        .Where(p => p.ShareParticipation && (p.From is not { } from || from <= day) && (p.To is not { } to || day <= to))
        .OrderByDescending(p => p.OrganisationId == organiser).ThenByDescending(p => p.From ?? DateOnly.MinValue).ThenBy(p => p.OrganisationId)
        .Select(p => (Guid?)p.OrganisationId).FirstOrDefault();

    /// <summary>A member's number as it is compared: without the blanks and cases that people write it with.</summary>
    public static string NormaliseNumber(string number) => number.Trim().Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
}
