namespace BloodPlatform.Drives.Rules;

/// <summary>
/// GB/T 2260 codes: six digits, two each for province, city and district; zeroes stand for the whole of what is above
/// (440700 is the city, 440000 the province).
/// </summary>
public static class Districts
{
    // GB/T 2260: 1 north, 2 north-east, 3 east, 4 centre and south, 5 south-west, 6 north-west, 7 Taiwan, 8 Hong Kong and Macao.
    private static readonly string[] Provinces =
    [
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
    ];

    /// <summary>Whether it can be a code of the standard: a known province, and no district of no city. Which of the possible ones exist changes every year and is not checked.</summary>
    public static bool Possible(string? code) =>
        code is { Length: 6 } && code.All(char.IsAsciiDigit) && Provinces.Contains(code[..2]) && (code[2..4] != "00" || code[4..] == "00");

    /// <summary>Whether the code is, or lies within, one of the areas. No areas cover nothing.</summary>
    public static bool Cover(IEnumerable<string> areas, string district) => areas.Any(area => Within(area, district));

    /// <summary>Whether the district is the area or lies within it.</summary>
    public static bool Within(string area, string district) =>
        area == district
        || (area.EndsWith("0000", StringComparison.Ordinal) && district.StartsWith(area[..2], StringComparison.Ordinal))
        || (area.EndsWith("00", StringComparison.Ordinal) && district.StartsWith(area[..4], StringComparison.Ordinal));
}
