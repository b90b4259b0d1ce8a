using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>The rules that this release carries.</summary>
internal static class Release
{
    public static RuleBook Book => RuleBook.OfRelease;

    public static RuleSet Rules { get; } = Book.Version("cn-gb18467-2011", "1");
}
