using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Partner;
using BloodPlatform.Partners.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.StaffMembers;

/// <param name="QualifiedUntil">The last day on which the person may sign in.</param>
/// <param name="Pin">4 to 12 digits.</param>
/// <param name="TenantId">For admin; a station or hospital registers its own.</param>
public sealed record RegisterStaffRequest(
    [property: RegularExpression("[A-Za-z0-9-]{1,20}")] string StaffNumber,
    [property: StringLength(80, MinimumLength = 1)] string Name,
    [property: MaxLength(20)] string[] Functions,
    DateOnly QualifiedUntil,
    [property: RegularExpression(Pin.Pattern)] string Pin,
    Guid? TenantId = null);

/// <summary>POST /v1/staff</summary>
public static class RegisterStaff
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/staff", Handle)
        .Allow("staff", Roles.Admin, Roles.Station, Roles.Hospital).Creates()
        .WithSummary("Registers a member of staff of a station or hospital");

    private static async Task<Results<Made<StaffView>, ProblemHttpResult>> Handle(RegisterStaffRequest request, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if (StaffFunctions.Check(request.Functions) is { } rejection) return rejection.ToProblem();
        if (caller.Is(Roles.Admin) && request.TenantId is null) return CommonProblems.Invalid.With(null, new FieldError("/tenantId", "required", "Whose member of staff?"));
        if (!caller.Is(Roles.Admin) && request.TenantId is { } other && other != caller.Tenant) return CommonProblems.Unknown(other);
        var tenantId = request.TenantId ?? caller.Tenant;

        var salt = Pin.NewSalt();
        var hash = await Pin.WithCore(() => Task.FromResult(Pin.Hash(vault, request.Pin, salt)), ct);
        return await db.InTransaction<Results<Made<StaffView>, ProblemHttpResult>>(async tx =>
        {
            var kind = await tx.QuerySingle<string>("select kind from partner.organisation where id = @tenantId for share", new { tenantId });
            // A client's own tenant is known from its token; only an operator can name one that does not exist.
            if (caller.Is(Roles.Admin) && kind is null) return CommonProblems.Unknown(tenantId);
            if (caller.Is(Roles.Admin) && !Registration.Fits(Roles.Station, kind!) && !Registration.Fits(Roles.Hospital, kind!))
                return Problems.TenantKindMismatch.With(null, new FieldError("/tenantId", "kind", "Only stations and hospitals have staff here"));

            var id = tx.NewId();
            var key = vault.CreateKey(tx, id);
            tx.Write("""
                insert into partner.staff (id, version, tenant_id, staff_number, name, functions, qualified_until, pin_salt, pin_hash, status, created_at)
                values (@id, 1, @tenantId, @StaffNumber, @name, @Functions, @QualifiedUntil, @salt, @hash, 'active', @now)
                """, new { id, tenantId, request.StaffNumber, name = key.Seal("name", request.Name), request.Functions, request.QualifiedUntil, salt, hash, now = tx.Now });
            var row = new StaffRow(id, 1, tenantId, request.StaffNumber, [], [], request.Functions, request.QualifiedUntil, "active", tx.Now, kind ?? (caller.Is(Roles.Station) ? "blood-station" : null));
            Announce(tx, row);
            tx.Audit("staff.register", $"staff/{id}", new { request.Functions, request.QualifiedUntil });
            return Answers.Created($"/v1/staff/{id}", 1, row.View(request.Name));
        }, ct);
    }

    /// <summary>Whole state, without name and PIN.</summary>
    internal static void Announce(Transaction tx, StaffRow row) => tx.Append(new StaffChanged
    {
        Key = row.Id.ToString(), Version = row.Version, OccurredAt = tx.Now, StationId = row.TenantKind == "blood-station" ? row.TenantId : null,
        StaffId = row.Id, TenantId = row.TenantId, StaffNumber = row.StaffNumber, Functions = row.Functions, QualifiedUntil = row.QualifiedUntil, Status = row.Status,
    });
}
