namespace BloodPlatform.Drives.Rules;

/// <summary>
/// GB/T 2260 codes: six digits, two each for province, city and district; zeroes stand for the whole of what is above
/// (440700 is the city, 440000 the province).
/// </summary>
public static class Districts
{
    /// <summary>Whether the code is, or lies within, one of the areas. No areas cover nothing.</summary>
    public static bool Cover(IEnumerable<string> areas, string district) => areas.Any(area => Within(area, district));

    /// <summary>Whether the district is the area or lies within it.</summary>
    public static bool Within(string area, string district) =>
        area == district
        || (area.EndsWith("0000", StringComparison.Ordinal) && district.StartsWith(area[..2], StringComparison.Ordinal))
        || (area.EndsWith("00", StringComparison.Ordinal) && district.StartsWith(area[..4], StringComparison.Ordinal));
}
