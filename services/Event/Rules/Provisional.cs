using System.Text.RegularExpressions;

namespace BloodPlatform.Drives.Rules;

/// <summary>Who takes a place on the page of a code.</summary>
public sealed record ProvisionalPerson(string Name, string Phone);

/// <summary>What somebody filled in on the page of a code, and what is wrong with it as he is told.</summary>
public static partial class Provisional
{
    /// <summary>A person, or a sentence in Chinese. A mobile number of the mainland, because whoever has another is better served at the desk; what looks like an identity number is taken nowhere.</summary>
    public static (ProvisionalPerson? Person, string? Fault) Read(string? name, string? phone, bool agreed)
    {
        var (member, _, fault) = Roster.Read(new(name, Phone: CountryCode().Replace(phone ?? "", "")));
        return fault switch
        {
            "name_missing" => (null, "请填写姓名。"),
            "identity_number_unwanted" => (null, "请勿填写证件号码，只需姓名。"),
            "name_invalid" => (null, "姓名填写有误。"),
            not null => (null, "请填写11位手机号码。"),
            null when member!.Phone is null || !Mobile().IsMatch(member.Phone) => (null, "请填写11位手机号码。"),
            null when !agreed => (null, "预留名额需要保存姓名和手机号，请先勾选同意。"),
            null => (new(member.Name, member.Phone), null),
        };
    }

    [GeneratedRegex(@"^\s*(?:\+|00)86[\s-]*")]
    private static partial Regex CountryCode();

    [GeneratedRegex("^1[3-9][0-9]{9}$")]
    private static partial Regex Mobile();
}
