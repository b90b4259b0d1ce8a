using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>
/// Personal data at rest. Identity fields are sealed with AES-256-GCM under a data key per subject; data keys lie, wrapped by the
/// master key, in a table of their own, so that destroying one row erases a person. A keyed hash (blind index) finds exact
/// values. PIPL Art. 51 (encryption, de-identification); the fields are those of the field policy in docs/.
/// </summary>
public sealed class Vault
{
    private const byte Format = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private readonly byte[] wrappingKey;
    private readonly byte[] answerKey;
    private readonly byte[] indexKey;

    /// <exception cref="InvalidOperationException">A key is missing or is not 32 bytes in base64: the service does not start.</exception>
    public Vault(IConfiguration configuration)
    {
        var master = Key(configuration, "Platform:MasterKey");
        wrappingKey = Derive(master, "wrap");
        answerKey = Derive(master, "answers");
        RequestKey = Derive(master, "requests");
        indexKey = Key(configuration, "Platform:IndexKey"); // apart from the master key: it must outlive a rotation
    }

    /// <summary>Keys the fingerprint of idempotent requests.</summary>
    internal byte[] RequestKey { get; }

    /// <summary>A new subject's data key; its row is queued in the transaction.</summary>
    public SubjectKey CreateKey(Transaction tx, Guid subjectId)
    {
        var key = RandomNumberGenerator.GetBytes(32);
        tx.Write("insert into {schema}.subject_key (subject_id, wrapped_key) values (@subjectId, @wrapped)",
            new { subjectId, wrapped = Encrypt(wrappingKey, key, subjectId.ToByteArray()) });
        return new SubjectKey(subjectId, key);
    }

    /// <summary>Opens a data key read from subject_key (join it to the subject's row: no extra round trip).</summary>
    public SubjectKey Unwrap(Guid subjectId, byte[] wrapped) => new(subjectId, Decrypt(wrappingKey, wrapped, subjectId.ToByteArray()));

    /// <summary>A keyed hash for exact look-up; the purpose keeps equal texts of different kinds apart. Normalise first.</summary>
    public byte[] BlindIndex(string purpose, string normalised) => HMACSHA256.HashData(indexKey, Encoding.UTF8.GetBytes(purpose + "\0" + normalised));

    internal byte[] SealAnswer(byte[] answer, string context) => Encrypt(answerKey, answer, Encoding.UTF8.GetBytes(context));

    internal byte[] OpenAnswer(byte[] stored, string context) => Decrypt(answerKey, stored, Encoding.UTF8.GetBytes(context));

    /// <summary>Seals a secret of the service itself (a signing key) under its master key; the context must be repeated to open it.</summary>
    public byte[] SealSecret(byte[] secret, string context) => Encrypt(wrappingKey, secret, Encoding.UTF8.GetBytes("secret/" + context));

    public byte[] OpenSecret(byte[] stored, string context) => Decrypt(wrappingKey, stored, Encoding.UTF8.GetBytes("secret/" + context));

    internal static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated)
    {
        // format, nonce, tag, text: a later format can stand beside this one.
        var stored = new byte[1 + NonceSize + TagSize + plain.Length];
        stored[0] = Format;
        var nonce = stored.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(nonce, plain, stored.AsSpan(1 + NonceSize + TagSize), stored.AsSpan(1 + NonceSize, TagSize), associated);
        return stored;
    }

    internal static byte[] Decrypt(byte[] key, ReadOnlySpan<byte> stored, ReadOnlySpan<byte> associated)
    {
        if (stored.Length < 1 + NonceSize + TagSize || stored[0] != Format) throw new CryptographicException("Not a sealed value of this format");
        var plain = new byte[stored.Length - 1 - NonceSize - TagSize];
        using var aes = new AesGcm(key, TagSize);
        aes.Decrypt(stored.Slice(1, NonceSize), stored[(1 + NonceSize + TagSize)..], stored.Slice(1 + NonceSize, TagSize), plain, associated);
        return plain;
    }

    private static byte[] Derive(byte[] master, string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, master, 32, info: Encoding.UTF8.GetBytes(purpose));

    private static byte[] Key(IConfiguration configuration, string name)
    {
        var text = configuration[name] ?? throw new InvalidOperationException($"{name} is not configured: 32 random bytes in base64");
        return Convert.TryFromBase64String(text, new byte[32], out var written) && written == 32 ? Convert.FromBase64String(text) : throw new InvalidOperationException($"{name} must be 32 bytes in base64");
    }
}

/// <summary>A subject's data key, in memory for the length of a request.</summary>
public sealed class SubjectKey(Guid subjectId, byte[] key)
{
    public Guid SubjectId => subjectId;

    /// <summary>Seals a field; the field's name and the subject are bound to it, so a value can't be moved to another row or column.</summary>
    public byte[] Seal(string field, string value) => Vault.Encrypt(key, Encoding.UTF8.GetBytes(value), Context(field));

    public string Open(string field, byte[] stored) => Encoding.UTF8.GetString(Vault.Decrypt(key, stored, Context(field)));

    private byte[] Context(string field) => Encoding.UTF8.GetBytes($"{subjectId:N}/{field}");
}

/// <summary>Masked forms, the default in answers.</summary>
public static class Mask
{
    /// <summary>440703********1234: the first six and the last four of a long number, less of a short one.</summary>
    public static string Number(string number) => number.Length >= 14 ? number[..6] + new string('*', number.Length - 10) + number[^4..]
        : number.Length >= 7 ? number[..3] + new string('*', number.Length - 5) + number[^2..] : new string('*', number.Length);

    /// <summary>The family name only: 王**.</summary>
    public static string Name(string name) => name.Length == 0 ? "" : name[..1] + new string('*', Math.Max(1, name.Length - 1));
}
