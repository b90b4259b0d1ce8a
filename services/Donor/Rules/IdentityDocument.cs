using System.Globalization;
using System.Text.RegularExpressions;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>A checked identity document. <paramref name="Identity"/> is what stays when the card is renewed: the same person, the same text.</summary>
/// <param name="BirthDate">Where the number bears it.</param>
/// <param name="Sex">Where the number bears it.</param>
public sealed record IdentityDocument(string Kind, string Number, string Identity, DateOnly? BirthDate, string? Sex)
{
    public const string ResidentId = "resident-id";
    public const string HmtResidencePermit = "hmt-residence-permit";
    public const string HkMacauPermit = "hk-macau-permit";
    public const string TaiwanPermit = "taiwan-permit";
    public const string Passport = "passport";
    public const string MilitaryId = "military-id";

    /// <summary>外国人永久居留身份证.</summary>
    public const string ForeignPermanentResidence = "foreign-permanent-residence";

    private const string CheckDigits = "10X98765432";
    private static readonly int[] Weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

    /// <summary>
    /// Normalises and checks a number: resident id and the residence permit of Hong Kong, Macau and Taiwan by GB 11643-1999 (mod
    /// 11-2), permits by their layout and compared without the card's reissue count, passports and foreigners' permanent residence ids as 4 to 20 letters and digits
    /// of ASCII, military ids as 4 to 20 letters or digits. However it was typed, one number is one identity: see <see cref="Normalise"/>.
    /// </summary>
    /// <returns>422 document_invalid when it can't be a number of the kind.</returns>
    public static (IdentityDocument? Document, Rejection? Rejection) Read(string kind, string given, DateOnly today, string pointer = "/document/number")
    {
        var number = Normalise(given);
        (IdentityDocument?, Rejection?) No(string why) => (null, Problems.DocumentInvalid.Because(why, new FieldError(pointer, "document_invalid", why)));
        switch (kind)
        {
            case ResidentId or HmtResidencePermit:
                if (!Regex.IsMatch(number, @"^[1-9][0-9]{16}[0-9X]$")) return No("18 characters: 6 of the area, 8 of the birth date, 3 of the sequence, a check digit");
                if (CheckDigit(number) != number[17]) return No("The check digit does not belong to the number");
                var permitArea = number[..6] is "810000" or "820000" or "830000";
                if ((kind == HmtResidencePermit) != permitArea) return No(permitArea ? "Areas 810000, 820000 and 830000 are those of hmt-residence-permit" : "The area of a residence permit is 810000, 820000 or 830000");
                if (!DateOnly.TryParseExact(number[6..14], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var born)) return No("The birth date in the number does not exist");
                if (!Plausible(born, today)) return No("The birth date in the number can't be that of a living person");
                return (new(kind, number, number, born, (number[16] - '0') % 2 == 1 ? "male" : "female"), null);
            case HkMacauPermit:
                return Regex.IsMatch(number, @"^[HM][0-9]{8}([0-9]{2})?$") ? (new(kind, number, number[..9], null, null), null) : No("H or M, 8 digits, and on older cards 2 of the reissue");
            case TaiwanPermit:
                return Regex.IsMatch(number, @"^[0-9]{8}([0-9]{2})?$") ? (new(kind, number, number[..8], null, null), null) : No("8 digits, and on older cards 2 of the reissue");
            case Passport or ForeignPermanentResidence: // ICAO 9303: a letter of another script that looks like one of these would be another person
                return Regex.IsMatch(number, "^[A-Z0-9]{4,20}$") ? (new(kind, number, number, null, null), null) : No("4 to 20 letters A to Z and digits");
            case MilitaryId:
                return Regex.IsMatch(number, @"^[\p{L}\p{Nd}]{4,20}$") ? (new(kind, number, number, null, null), null) : No("4 to 20 letters or digits");
            default:
                return No("The kind is not known");
        }
    }

    /// <summary>
    /// Capitals without blanks, hyphens and what can't be seen; full-width characters are the ones they stand for.
    /// </summary>
    public static string Normalise(string given) => string.Concat(FullWidth.Fold(given)
        .Where(c => c != '\u2212' && !char.IsWhiteSpace(c) && char.GetUnicodeCategory(c) is not (UnicodeCategory.DashPunctuation or UnicodeCategory.Format or UnicodeCategory.Control))).ToUpperInvariant();

    /// <summary>
    /// Who the donor is by document and by what was said beside it: a number that bears sex and birth date decides, and what is
    /// said must agree (422 identity_contradiction); another kind needs both said.
    /// </summary>
    public (DateOnly BirthDate, string Sex, Rejection? Rejection) Person(DateOnly? saidBirthDate, string? saidSex, DateOnly today)
    {
        if (BirthDate is { } born && Sex is { } sex)
        {
            if (saidBirthDate is { } otherDate && otherDate != born) return (born, sex, Problems.IdentityContradiction.Because("The birth date is not the document's", new FieldError("/birthDate", "contradicts_document", "Not the document's")));
            if (saidSex is { } otherSex && otherSex != sex) return (born, sex, Problems.IdentityContradiction.Because("The sex is not the document's", new FieldError("/sex", "contradicts_document", "Not the document's")));
            return (born, sex, null);
        }
        if (saidBirthDate is not { } birthDate || saidSex is not { } said)
            return (default, "", CommonProblems.Invalid.Because("This kind of document bears neither sex nor birth date: send both", [.. new[] { saidSex is null ? "/sex" : null, saidBirthDate is null ? "/birthDate" : null }.OfType<string>().Select(p => new FieldError(p, "required", "Required with this kind of document"))]));
        return Plausible(birthDate, today) ? (birthDate, said, null) : (birthDate, said, CommonProblems.Invalid.Because(null, new FieldError("/birthDate", "invalid", "Not the birth date of a living person")));
    }

    /// <summary>GB 11643-1999: Σ digit × weight mod 11 through the table 1 0 X 9 8 7 6 5 4 3 2.</summary>
    public static char CheckDigit(string number) => CheckDigits[Weights.Select((weight, i) => weight * (number[i] - '0')).Sum() % 11];

    /// <summary>Not in the future, and not older than anyone has become.</summary>
    private static bool Plausible(DateOnly born, DateOnly today) => born <= today && born >= today.AddYears(-120);
}
