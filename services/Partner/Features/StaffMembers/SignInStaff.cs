using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.StaffMembers;

public sealed record SignInStaffRequest([property: StringLength(20, MinimumLength = 1)] string StaffNumber, [property: StringLength(12, MinimumLength = 1)] string Pin);

/// <param name="Token">For the header Acting-Staff.</param>
public sealed record StaffSession(string Token, string StaffNumber, string[] Functions, DateTimeOffset ExpiresAt);

/// <summary>
/// POST /v1/staff/sessions. A number nobody has answers as a wrong PIN does, after the same work, and locks as one does. Sessions
/// are not stored: several at once are allowed, each ends by itself.
/// </summary>
public static class SignInStaff
{
    private static readonly byte[] NobodysSalt = new byte[16];
    private static readonly byte[] NobodysHash = new byte[32];

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/staff/sessions", Handle)
        .Allow("staff", Roles.Station, Roles.Hospital).Creates().IgnoresIdempotencyKey().Produces<StaffSession>(201)
        .WithSummary("Signs a member of staff in for fifteen minutes");

    private static async Task<Results<Created<StaffSession>, ProblemHttpResult>> Handle(SignInStaffRequest request, HttpContext http, Caller caller, Database db, Vault vault, SigningKeys keys, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        // A wrong PIN must be counted, so the work returns what it found instead of a rejection, which would roll the count back.
        var found = await Pin.WithCore(() => db.InTransaction(tx => Try(tx, request, caller.Tenant, vault), ct), ct);
        switch (found.Outcome)
        {
            case Outcome.Locked:
                http.Response.Headers.RetryAfter = ((int)Math.Ceiling((found.LockedUntil!.Value - TimeProvider.System.GetUtcNow()).TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                return Problems.SignInLocked.With();
            case Outcome.Wrong: return Problems.SignInFailed.With();
            case Outcome.NotQualified: return Problems.StaffNotQualified.With();
            default: break;
        }
        var staff = found.Staff!;
        var (token, expiresAt) = await keys.Sign(Access.StaffAudience, "JWT", SignIn.SessionLasts,
            [new("sub", staff.Id.ToString()), new("tenant", caller.Tenant.ToString()), new("staff_number", request.StaffNumber), new("functions", string.Join(' ', staff.Functions))], ct);
        return TypedResults.Created((string?)null, new StaffSession(token, request.StaffNumber, staff.Functions, expiresAt));
    }

    private static async Task<Found> Try(Transaction tx, SignInStaffRequest request, Guid tenant, Vault vault)
    {
        // The upsert locks the number's row, so that tries of one number count one after the other, in whichever replica.
        var row = (await tx.QuerySingle<StaffRow>("""
            with attempt as (
                insert into partner.sign_in as a (tenant_id, staff_number, failed) values (@tenant, @StaffNumber, 0)
                on conflict (tenant_id, staff_number) do update set failed = a.failed
                returning failed, locked_until)
            select attempt.failed, attempt.locked_until, s.id, s.functions, s.qualified_until, s.pin_salt, s.pin_hash, s.status
            from attempt left join partner.staff s on s.tenant_id = @tenant and s.staff_number = @StaffNumber
            """, new { tenant, request.StaffNumber }))!;
        var now = TimeProvider.System.GetUtcNow(); // a lock is the machine's time, never a sandbox's
        if (SignIn.IsLocked(row.LockedUntil, now)) return new(Outcome.Locked, null, row.LockedUntil);

        var right = CryptographicOperations.FixedTimeEquals(Pin.Hash(vault, request.Pin, row.PinSalt ?? NobodysSalt), row.PinHash ?? NobodysHash) && row.Id is not null;
        var (failed, lockedUntil) = SignIn.After(right, row.Failed, now);
        if (failed != row.Failed || lockedUntil != row.LockedUntil)
            tx.Write("update partner.sign_in set failed = @failed, locked_until = @lockedUntil where tenant_id = @tenant and staff_number = @StaffNumber", new { failed, lockedUntil, tenant, request.StaffNumber });
        var outcome = !right ? Outcome.Wrong : SignIn.MayAct(row.Status!, row.QualifiedUntil!.Value, Shanghai.DateOf(tx.Now)) ? Outcome.SignedIn : Outcome.NotQualified;
        // No number: a PIN typed into the wrong field would stay in the audit for ever.
        tx.Audit("staff.sign-in", row.Id is { } id ? $"staff/{id}" : "staff/unknown", new { outcome = outcome switch { Outcome.SignedIn => "signed-in", Outcome.NotQualified => "not-qualified", _ => "wrong" }, locked = lockedUntil is not null });
        return new(outcome, outcome == Outcome.SignedIn ? new(row.Id!.Value, row.Functions!) : null, lockedUntil);
    }

    private enum Outcome { SignedIn, Wrong, Locked, NotQualified }

    private sealed record Found(Outcome Outcome, SignedIn? Staff, DateTimeOffset? LockedUntil);

    private sealed record SignedIn(Guid Id, string[] Functions);

    private sealed record StaffRow(int Failed, DateTimeOffset? LockedUntil, Guid? Id, string[]? Functions, DateOnly? QualifiedUntil, byte[]? PinSalt, byte[]? PinHash, string? Status);
}
