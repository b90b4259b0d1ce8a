using System.Globalization;

namespace BloodPlatform.Donors.Rules;

/// <summary>How sure two registrations are one person, in percent, and by what.</summary>
/// <param name="Why">What they share.</param>
/// <param name="Against">What speaks against it: `sex-differs`, `blood-group-differs`.</param>
public sealed record DuplicateScore(int Percent, string[] Why, string[] Against);

/// <summary>Candidates for a merge. A person decides; this only sorts what is worth looking at.</summary>
public static class Duplicates
{
    // As names of other languages are written in Chinese: 买买提·艾力 has its dot from wherever the keyboard has one.
    private const string Dots = "\u00B7\u2022\u2027\u22C5\u30FB\uFF65";

    /// <summary>A name as it is compared: without blanks, dots between its parts and what can't be seen, in capitals, wide letters as narrow ones.</summary>
    public static string NormaliseName(string name) => string.Concat(FullWidth.Fold(name).Where(c => c != '.' && !Dots.Contains(c) && !char.IsWhiteSpace(c)
        && char.GetUnicodeCategory(c) is not (UnicodeCategory.Format or UnicodeCategory.Control))).ToUpperInvariant();

    /// <summary>Both showed documents of one person who was erased. What else they share is not said.</summary>
    public const string SameErasedPerson = "same-erased-person";

    public static DuplicateScore Score(IdentityPolicy policy, bool samePhoneAndBirthDate, bool sameNameAndBirthDate, bool sexDiffers, bool bloodGroupDiffers, bool sameErasedPerson = false)
    {
        // Each showed a document of his: there is nothing to weigh.
        if (sameErasedPerson) return new(policy.DuplicatePercent[SameErasedPerson].Value, [SameErasedPerson], []);
        string[] why = [.. new[] { samePhoneAndBirthDate ? "phone-and-birth-date" : null, sameNameAndBirthDate ? "name-and-birth-date" : null }.OfType<string>()];
        string[] against = [.. new[] { sexDiffers ? "sex-differs" : null, bloodGroupDiffers ? "blood-group-differs" : null }.OfType<string>()];
        var percent = why.Length switch { 0 => 0, 1 => policy.DuplicatePercent[why[0]].Value, _ => policy.DuplicatePercent["name-phone-and-birth-date"].Value };
        return new(Math.Max(0, percent - against.Sum(a => policy.DuplicateLessPercent[a].Value)), why, against);
    }
}
