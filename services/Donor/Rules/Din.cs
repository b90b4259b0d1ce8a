using System.Globalization;
using System.Text.RegularExpressions;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>
/// The donation identification number of ISBT 128 (ST-001, data structure 001): facility α pppp, year yy, sequence nnnnnn. Thirteen
/// characters without flags and without the check character, which is printed only.
/// </summary>
public static class Din
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";
    private static readonly Regex Thirteen = new("^[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{10}$", RegexOptions.CultureInvariant);
    private static readonly Regex Flags = new("^[0-9A-HJ-NPR-Y]{2}$", RegexOptions.CultureInvariant);

    /// <summary>
    /// Takes 13 characters, 13 + check character, or the scanned text <c>=…ff</c> (two flag characters; 60 to 96 carry the checksum).
    /// </summary>
    /// <returns>The 13 characters, or 422 din_invalid.</returns>
    public static (string? Din, Rejection? Rejection) Parse(string text)
    {
        var scanned = text.Length == 16 && text[0] == '=';
        var din = scanned ? text[1..14] : text.Length is 13 or 14 ? text[..13] : "";
        if (!Thirteen.IsMatch(din)) return (null, Problems.DinInvalid.Because("13 characters, 13 and the check character, or the scanned text =…ff", new FieldError("/din", "din_invalid", "Not a donation number of ISBT 128")));
        if (text.Length == 14 && text[13] != CheckCharacter(din)) return (null, Problems.DinInvalid.Because("The check character does not belong to the number", new FieldError("/din", "check_character", "Read the label again")));
        if (scanned && (!Flags.IsMatch(text[14..]) || (int.TryParse(text[14..], NumberStyles.None, CultureInfo.InvariantCulture, out var flag) && flag is >= 60 and <= 96 && flag != 60 + Checksum(din))))
            return (null, Problems.DinInvalid.Because("The flag characters do not belong to the number", new FieldError("/din", "check_character", "Scan the label again")));
        return (din, null);
    }

    /// <summary>Check character of ISO/IEC 7064 mod 37-2 over the 13 characters.</summary>
    public static char CheckCharacter(string din) => Alphabet[Checksum(din)];

    /// <summary>The checksum's value, 0 to 36; as flag characters it is written 60 + value.</summary>
    public static int Checksum(string din)
    {
        // Horner's form of Σ value × 2^(14−i) mod 37, the rightmost weighing 2.
        var sum = 0;
        foreach (var character in din) sum = (sum + Alphabet.IndexOf(character)) * 2 % 37;
        return (38 - sum) % 37;
    }

    /// <summary>Facility and year, which a block of issued numbers shares, and the sequence in it.</summary>
    public static (string Prefix, int Sequence) Split(string din) => (din[..7], int.Parse(din[7..], CultureInfo.InvariantCulture));
}
