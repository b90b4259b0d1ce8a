using System.Globalization;
using System.Text.RegularExpressions;

namespace BloodPlatform.Inventory.Rules;

/// <summary>
/// A donation identification number: ISBT 128 ST-001 v6.2.2, data structure 001. Thirteen characters: facility (FIN, 5), nominal
/// year (2), sequence (6). Flags and the check character are printed beside it and are no part of it.
/// </summary>
public readonly record struct Din
{
    public const int LastNumber = 999_999;
    private static readonly Regex FinForm = new("^[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{2}$");
    private static readonly Regex DinForm = new("^[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{10}$");
    private static readonly Regex FlagForm = new("^[0-9A-HJ-NPR-Y]{2}$");

    private Din(string text) => Text = text;

    /// <summary>The 13 characters.</summary>
    public string Text { get; }

    public string Fin => Text[..5];

    /// <summary>Nominal year, 0 to 99.</summary>
    public int Year => int.Parse(Text.AsSpan(5, 2), CultureInfo.InvariantCulture);

    /// <summary>Sequence in facility and year.</summary>
    public int Number => int.Parse(Text.AsSpan(7, 6), CultureInfo.InvariantCulture);

    /// <summary>Keyboard entry control K, printed after the number: ISO/IEC 7064 mod 37-2.</summary>
    public char CheckCharacter => CharacterOf(Checksum(Text));

    public override string ToString() => Text;

    public static bool IsFin(string text) => FinForm.IsMatch(text);

    /// <param name="fin">Facility identification number.</param>
    /// <param name="year">Nominal year; only its last two digits are part of the number.</param>
    /// <param name="number">1 to 999,999.</param>
    public static Din Of(string fin, int year, int number) => new(string.Create(CultureInfo.InvariantCulture, $"{fin}{year % 100:00}{number:000000}"));

    /// <summary>
    /// Reads what people and scanners send: 13 characters, 13 and the check character, or the scanned text =…ff (flags 60 to 96
    /// are 60 + checksum and are checked). Null when it is none of these. A known gap of mod 37-2: a circular shift passes; the
    /// list of numbers that were really issued catches it.
    /// </summary>
    public static Din? Parse(string? text) => text switch
    {
        { Length: 13 } when DinForm.IsMatch(text) => new Din(text),
        { Length: 14 } when DinForm.IsMatch(text[..13]) && text[13] == CharacterOf(Checksum(text[..13])) => new Din(text[..13]),
        { Length: 16 } when text[0] == '=' && DinForm.IsMatch(text[1..14]) && FlagsAgree(text[14..], Checksum(text[1..14])) => new Din(text[1..14]),
        _ => null,
    };

    /// <summary>Checksum of ISO/IEC 7064 mod 37-2 over characters 0-9 and A-Z, 0 to 36; flags of type 3 are 60 more.</summary>
    public static int Checksum(string characters)
    {
        var sum = 0;
        foreach (var c in characters) sum = (sum + (c <= '9' ? c - '0' : c - 'A' + 10)) * 2 % 37;
        return (38 - sum) % 37;
    }

    /// <summary>0-9, A-Z, and * for 36.</summary>
    public static char CharacterOf(int checksum) => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"[checksum];

    private static bool FlagsAgree(string flags, int checksum) =>
        FlagForm.IsMatch(flags) && (!int.TryParse(flags, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 60 or > 96 || number == 60 + checksum);
}
