using BloodPlatform.Chassis;

namespace BloodPlatform.TestSupport;

/// <summary>Values a test needs and does not care about.</summary>
public static class Some
{
    public static Guid Id() => Ids.New(TimeProvider.System);

    /// <summary>An id too old to be waited for.</summary>
    public static Guid OldId() => Guid.Parse("018f0000-0000-7000-8000-" + Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6)).ToLowerInvariant());

    public static string Key() => Id().ToString();
}
