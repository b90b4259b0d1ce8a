using System.Buffers.Text;
using System.Globalization;

namespace BloodPlatform.Donors.Rules;

/// <summary>What is on a digital donor card, made of a keyed hash of its donor: it says nothing of him, and nobody without the key can make one.</summary>
public static class CardNumber
{
    /// <summary>A number as it is typed, or a code as it is scanned.</summary>
    public const string Pattern = @"[0-9]{12}|bp1\.[A-Za-z0-9_-]{24}";

    /// <summary>Among a million million numbers two of five million people would share one some dozen times: each has several to be given, and gets the first that is free.</summary>
    public static string[] Candidates(ReadOnlySpan<byte> hash) =>
        [.. new[] { 0, 1, 2, 3 }.Select(Parts(hash))];

    /// <summary>What the code says: 144 bits, alike for nobody.</summary>
    public static string Code(ReadOnlySpan<byte> hash) => "bp1." + Base64Url.EncodeToString(hash.Slice(8, 18));

    public static bool IsCode(string given) => given.StartsWith("bp1.", StringComparison.Ordinal);

    private static Func<int, string> Parts(ReadOnlySpan<byte> hash)
    {
        var bytes = hash.ToArray();
        return i => (BitConverter.ToUInt64(bytes, i * 8) % 1_000_000_000_000).ToString("D12", CultureInfo.InvariantCulture);
    }
}
