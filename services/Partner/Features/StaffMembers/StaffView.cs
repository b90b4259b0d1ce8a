using System.Security.Cryptography;
using System.Text;
using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Features.StaffMembers;

/// <summary>A person who answers for acts of a station or hospital; the name masked.</summary>
public sealed record StaffView(Guid Id, Guid TenantId, string StaffNumber, string Name, string[] Functions, DateOnly QualifiedUntil, string Status, DateTimeOffset CreatedAt, string[] AllowedActions);

/// <summary>A member of staff as stored, the sealed name with the key that opens it.</summary>
internal sealed record StaffRow(Guid Id, long Version, Guid TenantId, string StaffNumber, byte[] Name, byte[] WrappedKey, string[] Functions, DateOnly QualifiedUntil, string Status, DateTimeOffset CreatedAt, string? TenantKind)
{
    public const string Select = """
        select s.id, s.version, s.tenant_id, s.staff_number, s.name, k.wrapped_key, s.functions, s.qualified_until, s.status, s.created_at, o.kind as tenant_kind
        from partner.staff s join partner.subject_key k on k.subject_id = s.id left join partner.organisation o on o.id = s.tenant_id
        """;

    public StaffView View(Vault vault) => View(vault.Unwrap(Id, WrappedKey).Open("name", Name));

    public StaffView View(string name) => new(Id, TenantId, StaffNumber, Mask.Name(name), Functions, QualifiedUntil, Status, CreatedAt, ["change"]);
}

/// <summary>
/// PINs are short, so three things keep them: a slow salted hash (PBKDF2-HMAC-SHA-512, 210,000 rounds: OWASP Password Storage),
/// a key that is not in the database (without it a stolen table can't be tried at all), and the lock after five wrong ones.
/// </summary>
internal static class Pin
{
    public const string Pattern = @"\d{4,12}";
    private const int Rounds = 210_000;

    // A try keeps a core and, inside its transaction, a connection busy for a tenth of a second: no more at once than cores.
    private static readonly SemaphoreSlim Cores = new(Environment.ProcessorCount);

    public static byte[] NewSalt() => RandomNumberGenerator.GetBytes(16);

    public static byte[] Hash(Vault vault, string pin, byte[] salt) =>
        Rfc2898DeriveBytes.Pbkdf2(vault.BlindIndex("staff-pin", pin), salt, Rounds, HashAlgorithmName.SHA512, 32);

    public static async Task<T> WithCore<T>(Func<Task<T>> work, CancellationToken ct)
    {
        await Cores.WaitAsync(ct);
        try { return await work(); }
        finally { Cores.Release(); }
    }
}
