namespace BloodPlatform.Drives.Rules;

/// <summary>
/// What a member of a roster is given to claim his invitation: 17 characters by chance (85 bits) and one that checks them, so that a slip of the pen is
/// told from a guess. Crockford's alphabet: no I, L, O or U; who types one of the first three means 1, 1 or 0.
/// </summary>
public static class ClaimCodes
{
    public const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    public const int Random = 17;

    /// <summary>The code as it is handed out: XXXXXX-XXXXXX-XXXXXX.</summary>
    /// <param name="random"><see cref="Random"/> characters of the alphabet, by chance.</param>
    public static string Of(string random)
    {
        var code = random + Alphabet[Check(random)];
        return $"{code[..6]}-{code[6..12]}-{code[12..]}";
    }

    /// <summary>What is typed, in the one form that is hashed; null when it can be no code.</summary>
    public static string? Read(string typed)
    {
        Span<char> code = stackalloc char[Random + 1];
        var length = 0;
        foreach (var c in typed)
        {
            if (c is '-' or ' ' or '\u3000' or '－') continue;
            var ascii = char.ToUpperInvariant(c is >= '！' and <= '～' ? (char)(c - 0xFEE0) : c);
            ascii = ascii switch { 'O' => '0', 'I' or 'L' => '1', _ => ascii };
            if (length == code.Length || !Alphabet.Contains(ascii, StringComparison.Ordinal)) return null;
            code[length++] = ascii;
        }
        return length == code.Length && Alphabet[Check(code[..Random])] == code[Random] ? code.ToString() : null;
    }

    /// <summary>Luhn's algorithm over 32 characters: finds every wrong character and all but one kind of two that changed places.</summary>
    private static int Check(ReadOnlySpan<char> random)
    {
        var sum = 0;
        for (var i = 0; i < random.Length; i++)
        {
            var value = Alphabet.IndexOf(random[i], StringComparison.Ordinal) * ((random.Length - i) % 2 + 1);
            sum += value / 32 + value % 32;
        }
        return (32 - sum % 32) % 32;
    }
}
