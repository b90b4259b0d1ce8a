using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Donors.Rules;

/// <summary>A registration as merging sees it.</summary>
/// <param name="BloodGroup">As known; null while unknown.</param>
public sealed record Registration(Guid Id, string Status, DateOnly BirthDate, string Sex, string? BloodGroup, bool VisitOpen);

/// <summary>
/// Several registrations of one person. Everything here is a union, so it does not matter in which order registrations were merged,
/// and a merge never opens a date that a registration's own history closes: each of its donations, deferrals and reactions stays.
/// </summary>
public static class Merging
{
    /// <summary>Why two registrations can't become one now; empty where they can.</summary>
    /// <returns>`donor_merged`, `donor_not_active`, `visit_open`, or `donors_differ` with a pointer per contradiction.</returns>
    public static Rejection? Forbids(Registration survivor, Registration absorbed)
    {
        foreach (var (donor, pointer) in new[] { (survivor, "/survivor"), (absorbed, "/absorbed") })
        {
            if (donor.Status == "merged") return Problems.DonorMerged.Because("One of the two was merged already", new FieldError(pointer, "donor_merged", "GET the donor: mergedInto says into whom"));
            if (donor.Status != "active") return Problems.DonorNotActive.Because($"The donor is {donor.Status}", new FieldError(pointer, "donor_not_active", donor.Status));
            if (donor.VisitOpen) return Problems.VisitOpen.Because("Finish the visit first", new FieldError(pointer, "visit_open", "A visit is open"));
        }
        FieldError[] contradictions = [.. Contradictions(survivor, absorbed).Select(c => new FieldError("/absorbed/" + c, "differs", "Two persons, or a record that must be corrected first"))];
        return contradictions.Length == 0 ? null : Problems.DonorsDiffer.Because("They are recorded with different " + string.Join(", ", contradictions.Select(c => c.Pointer[10..])), contradictions);
    }

    /// <summary>What one person can't have two of: `birthDate`, `sex`, `bloodGroup`.</summary>
    public static IEnumerable<string> Contradictions(Registration one, Registration other)
    {
        if (one.BirthDate != other.BirthDate) yield return "birthDate";
        if (one.Sex != other.Sex) yield return "sex";
        if (one.BloodGroup is { } group && other.BloodGroup is { } otherGroup && group != otherGroup) yield return "bloodGroup";
    }

    /// <summary>
    /// One history of several, the survivor's first. Birth date and sex are the same in all (else they are never merged); the first
    /// reaction of all is the person's.
    /// </summary>
    public static DonorFacts Together(IReadOnlyList<DonorFacts> histories) => histories.Count == 1 ? histories[0] : new(
        histories[0].BirthDate, histories[0].Sex,
        [.. histories.SelectMany(h => h.Donations).OrderBy(d => d.On).ThenBy(d => d.Procedure, StringComparer.Ordinal).ThenBy(d => d.Attempt)],
        [.. histories.SelectMany(h => h.Deferrals).OrderBy(d => d.From).ThenBy(d => d.Code, StringComparer.Ordinal).ThenBy(d => d.Until ?? DateOnly.MaxValue)],
        histories.Min(h => h.FirstReaction), [.. histories.SelectMany(h => h.Approvals ?? []).OrderBy(a => a.On).ThenBy(a => a.Rule, StringComparer.Ordinal)]);

    /// <summary>Of each consent what the person said last, wherever he said it.</summary>
    public static List<DonorConsent> Consents(IEnumerable<DonorConsent> all) =>
        [.. all.GroupBy(c => c.Code).Select(g => g.OrderBy(c => c.Withdrawn ?? c.Given).ThenBy(c => c.Withdrawn is null).ThenBy(c => c.Version).Last()).OrderBy(c => c.Code, StringComparer.Ordinal)];

    /// <summary>The registrations that hang on one: himself, those merged into him, those merged into these.</summary>
    public static HashSet<Guid> Under(Guid donor, IReadOnlyCollection<(Guid Id, Guid? MergedInto)> registrations)
    {
        HashSet<Guid> under = [donor];
        while (registrations.Where(r => r.MergedInto is { } into && under.Contains(into)).Count(r => under.Add(r.Id)) > 0) { /* one level deeper */ }
        return under;
    }
}
