using System.Globalization;

namespace BloodPlatform.Demo;

/// <summary>Somebody who does not exist.</summary>
public sealed record Person(string Name, string ResidentId, string Phone, string Sex, string District, string BloodGroup)
{
    /// <summary>As POST /v1/donors takes him.</summary>
    public object Registration => new
    {
        name = Name, document = new { kind = "resident-id", number = ResidentId }, phone = Phone, bloodGroup = BloodGroup, district = District, consents = new[] { "registration", "contact", "honours-publication" },
    };
}

/// <summary>
/// Synthetic people, the same in every run. A resident id is valid (GB 11643-1999) and nobody's: its sequence is one of 996 to 999, which
/// are kept for the very old. A telephone number begins with 12, as no mobile number in China does.
/// </summary>
public static class People
{
    /// <summary>The districts of Jiangmen, GB/T 2260.</summary>
    public static readonly string[] Districts = ["440703", "440704", "440705", "440781", "440783", "440784", "440785"];

    // About as frequent as in Guangdong; one in three hundred is Rh negative, so a drive of two hundred may have none.
    private static readonly string[] Groups = ["O+", "A+", "O+", "B+", "A+", "O+", "AB+", "B+", "O+", "A+"];

    /// <param name="family">A heavenly stem for each part of the demo: 甲, 乙, 丙.</param>
    /// <param name="number">From 0; the name says it: 甲〇〇一.</param>
    public static Person Of(char family, int number, DateOnly bornFrom, DateOnly bornUntil, string? bloodGroup = null)
    {
        var district = Districts[number % Districts.Length];
        var born = bornFrom.AddDays(number * 37 % (bornUntil.DayNumber - bornFrom.DayNumber));
        var woman = number % 2 == 0;
        var id = $"{district}{born:yyyyMMdd}99{(woman ? 6 : 7) + (number / 2 % 2 * 2)}";
        return new(family + string.Concat((number + 1).ToString("D3", CultureInfo.InvariantCulture).Select(digit => "〇一二三四五六七八九"[digit - '0'])),
            id + CheckDigit(id), string.Create(CultureInfo.InvariantCulture, $"126{(int)family % 100:D2}{number:D6}"), woman ? "female" : "male", district, bloodGroup ?? Groups[number % Groups.Length]);
    }

    private static char CheckDigit(string seventeen)
    {
        int[] weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        return "10X98765432"[weights.Select((weight, i) => weight * (seventeen[i] - '0')).Sum() % 11];
    }
}
