using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace BloodPlatform.Chassis;

/// <summary>
/// Personal data at rest. Identity fields are sealed with AES-256-GCM under a data key per subject; data keys lie, wrapped by the
/// master key, in a table of their own, so that destroying one row erases a person. A keyed hash (blind index) finds exact
/// values. PIPL Art. 51 (encryption, de-identification); which field is kept how, and for how long, is in docs/personal-data.md.
/// <para>
/// Several master keys may be known, one of them seals: <c>Platform:MasterKeys:{id}</c> and <c>Platform:CurrentMasterKey</c>
/// (<c>Platform:MasterKey</c> alone is the key of id 0). Everything sealed under a master key bears that key's id, so the keys can be
/// changed while services run: give all of them the new key, make it current, run <c>rotate-keys</c>, take the old one away
/// (docs/decisions). Where the configuration reloads itself, no restart is needed.
/// </para>
/// </summary>
public sealed class Vault : IDisposable
{
    /// <summary>The id of the key in <c>Platform:MasterKey</c>, and of values that were sealed before keys had ids.</summary>
    public const string FirstKey = "0";
    private const byte Format = 1;
    private const byte WithKeyId = 2;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private readonly byte[] indexKey;
    private readonly IDisposable reloading;
    private volatile MasterKeys masters;

    /// <exception cref="InvalidOperationException">A key is missing, is not 32 bytes in base64, or the current one is not named: the service does not start.</exception>
    public Vault(IConfiguration configuration, ILogger<Vault>? log = null)
    {
        masters = MasterKeys.From(configuration);
        indexKey = MasterKeys.Key(configuration, "Platform:IndexKey"); // apart from the master keys: it must outlive their rotation
        RequestKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, indexKey, 32, info: "requests"u8.ToArray()); // so must this: a fingerprint can't be made again without the request
        reloading = ChangeToken.OnChange(configuration.GetReloadToken, () =>
        {
            try { masters = MasterKeys.From(configuration); }
            catch (InvalidOperationException e) { log?.LogError("The master keys stay as they were: {Reason}", e.Message); }
        });
    }

    /// <summary>Keys the fingerprint of idempotent requests.</summary>
    internal byte[] RequestKey { get; }

    /// <summary>The id of the master key that seals now.</summary>
    public string CurrentKey => masters.Current.Id;

    /// <summary>What every value that is sealed now begins with.</summary>
    internal byte[] CurrentHeader => masters.Current.Header;

    /// <summary>A new subject's data key; its row is queued in the transaction.</summary>
    public SubjectKey CreateKey(Transaction tx, Guid subjectId)
    {
        var key = RandomNumberGenerator.GetBytes(32);
        tx.Write("insert into {schema}.subject_key (subject_id, wrapped_key) values (@subjectId, @wrapped)",
            new { subjectId, wrapped = Seal(m => m.Wrapping, key, subjectId.ToByteArray()) });
        return new SubjectKey(subjectId, key);
    }

    /// <summary>Opens a data key read from subject_key (join it to the subject's row: no extra round trip).</summary>
    public SubjectKey Unwrap(Guid subjectId, byte[] wrapped) => new(subjectId, Open(m => m.Wrapping, wrapped, subjectId.ToByteArray()));

    /// <summary>A keyed hash for exact look-up; the purpose keeps equal texts of different kinds apart. Normalise first.</summary>
    public byte[] BlindIndex(string purpose, string normalised) => HMACSHA256.HashData(indexKey, Encoding.UTF8.GetBytes(purpose + "\0" + normalised));

    internal byte[] SealAnswer(byte[] answer, string context) => Seal(m => m.Answers, answer, Encoding.UTF8.GetBytes(context));

    internal byte[] OpenAnswer(byte[] stored, string context) => Open(m => m.Answers, stored, Encoding.UTF8.GetBytes(context));

    /// <summary>
    /// Seals a secret of the service itself (a signing key) under its master key; the context must be repeated to open it. Its column
    /// is named with <see cref="PlatformService.KeepsSecrets"/>, or a rotation would leave it behind.
    /// </summary>
    public byte[] SealSecret(byte[] secret, string context) => Seal(m => m.Wrapping, secret, Encoding.UTF8.GetBytes("secret/" + context));

    public byte[] OpenSecret(byte[] stored, string context) => Open(m => m.Wrapping, stored, Encoding.UTF8.GetBytes("secret/" + context));

    /// <summary>The same data key, wrapped by the current master key.</summary>
    internal byte[] Rewrap(Guid subjectId, byte[] wrapped) => Seal(m => m.Wrapping, Open(m => m.Wrapping, wrapped, subjectId.ToByteArray()), subjectId.ToByteArray());

    public void Dispose() => reloading.Dispose();

    private byte[] Seal(Func<MasterKey, byte[]> derived, byte[] plain, byte[] associated)
    {
        var current = masters.Current;
        return [.. current.Header, .. Encrypt(derived(current), plain, associated)];
    }

    private byte[] Open(Func<MasterKey, byte[]> derived, byte[] stored, byte[] associated)
    {
        if (stored.Length > 0 && stored[0] == Format) return Decrypt(derived(masters.Find(FirstKey)), stored, associated);
        if (stored.Length < 3 || stored[0] != WithKeyId || stored.Length < 2 + stored[1]) throw new CryptographicException("Not a sealed value of this format");
        return Decrypt(derived(masters.Find(Encoding.ASCII.GetString(stored, 2, stored[1]))), stored.AsSpan(2 + stored[1]), associated);
    }

    /// <summary>A master key as configured, and what is derived from it: one key for each use.</summary>
    private sealed class MasterKey(string id, byte[] master)
    {
        public string Id => id;

        public byte[] Header { get; } = [WithKeyId, (byte)id.Length, .. Encoding.ASCII.GetBytes(id)];

        public byte[] Master => master;

        public byte[] Wrapping { get; } = HKDF.DeriveKey(HashAlgorithmName.SHA256, master, 32, info: "wrap"u8.ToArray());

        public byte[] Answers { get; } = HKDF.DeriveKey(HashAlgorithmName.SHA256, master, 32, info: "answers"u8.ToArray());
    }

    /// <summary>The keys known at one moment; replaced as a whole.</summary>
    private sealed class MasterKeys(MasterKey current, Dictionary<string, MasterKey> all)
    {
        public MasterKey Current => current;

        /// <exception cref="InvalidOperationException">The key was taken away before everything was re-wrapped.</exception>
        public MasterKey Find(string id) => all.TryGetValue(id, out var key) ? key
            : throw new InvalidOperationException($"Something is sealed under master key {id}, which is not configured. Give it back and run rotate-keys before taking it away.");

        public static MasterKeys From(IConfiguration configuration)
        {
            var all = new Dictionary<string, MasterKey>(StringComparer.Ordinal);
            foreach (var setting in configuration.GetSection("Platform:MasterKeys").GetChildren())
            {
                if (setting.Key.Length is 0 or > 32 || !setting.Key.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')) throw new InvalidOperationException($"{setting.Path}: an id is 1 to 32 letters, digits or hyphens");
                all.Add(setting.Key, new(setting.Key, Key(configuration, setting.Path)));
            }
            var single = configuration["Platform:MasterKey"] is { Length: > 0 };
            if (single)
            {
                var first = new MasterKey(FirstKey, Key(configuration, "Platform:MasterKey"));
                if (all.TryGetValue(FirstKey, out var other) && !other.Master.AsSpan().SequenceEqual(first.Master)) throw new InvalidOperationException($"Platform:MasterKey and Platform:MasterKeys:{FirstKey} are two keys under one id");
                all[FirstKey] = first;
            }
            if (all.Count == 0) throw new InvalidOperationException("Platform:MasterKey is not configured: 32 random bytes in base64");
            var id = configuration["Platform:CurrentMasterKey"] ?? (single ? FirstKey : all.Count == 1 ? all.Keys.Single() : throw new InvalidOperationException("Platform:CurrentMasterKey must say which of the master keys seals"));
            return new(all.TryGetValue(id, out var current) ? current : throw new InvalidOperationException($"Platform:CurrentMasterKey is {id}, and there is no such key"), all);
        }

        public static byte[] Key(IConfiguration configuration, string name)
        {
            var text = configuration[name] ?? throw new InvalidOperationException($"{name} is not configured: 32 random bytes in base64");
            return Convert.TryFromBase64String(text, new byte[32], out var written) && written == 32 ? Convert.FromBase64String(text) : throw new InvalidOperationException($"{name} must be 32 bytes in base64");
        }
    }

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
