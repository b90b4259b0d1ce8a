namespace BloodPlatform.Donors.Rules;

/// <summary>
/// What Chinese input methods type wide. By hand: without ICU, which the platform does not load, <see cref="string.Normalize()"/>
/// leaves everything but ASCII as it is.
/// </summary>
public static class FullWidth
{
    /// <summary>Full-width letters, digits and signs (U+FF01 to U+FF5E) and the ideographic space as the ASCII they stand for; everything else stays.</summary>
    public static string Fold(string text) => string.Create(text.Length, text, static (folded, given) =>
    {
        for (var i = 0; i < given.Length; i++) folded[i] = given[i] switch { >= '\uFF01' and <= '\uFF5E' and var wide => (char)(wide - 0xFEE0), '\u3000' => ' ', var c => c };
    });
}
