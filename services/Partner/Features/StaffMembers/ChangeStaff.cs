using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.StaffMembers;

/// <summary>What is left out stays as it is. A new PIN also lifts a lock.</summary>
public sealed record ChangeStaffRequest(
    [property: MaxLength(20)] string[]? Functions = null,
    DateOnly? QualifiedUntil = null,
    [property: AllowedValues("active", "suspended", null)] string? Status = null,
    [property: RegularExpression(Pin.Pattern)] string? Pin = null);

/// <summary>PATCH /v1/staff/{id}</summary>
public static class ChangeStaff
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPatch("/v1/staff/{id:guid}", Handle)
        .Allow("staff", Roles.Admin, Roles.Station, Roles.Hospital)
        .WithSummary("Changes functions, qualification, status or PIN of a member of staff");

    private static async Task<Results<Made<StaffView>, ProblemHttpResult>> Handle(Guid id, ChangeStaffRequest request, HttpContext http, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if (request.Functions is { } functions && StaffFunctions.Check(functions) is { } rejection) return rejection.ToProblem();
        var salt = request.Pin is null ? null : Pin.NewSalt();
        var hash = request.Pin is null ? null : await Pin.WithCore(() => Task.FromResult(Pin.Hash(vault, request.Pin, salt!)), ct);
        return await db.InTransaction<Results<Made<StaffView>, ProblemHttpResult>>(async tx =>
        {
            var row = await tx.QuerySingle<StaffRow>(StaffRow.Select + " where s.id = @id and (@tenant::uuid is null or s.tenant_id = @tenant) for update of s", new { id, tenant = caller.TenantId });
            if (row is null) return await tx.Unknown("partner.staff", id);
            if (Answers.Precondition(http.Request, row.Version) is { } precondition) return precondition;
            var changed = row with
            {
                Version = row.Version + 1, Functions = request.Functions ?? row.Functions, QualifiedUntil = request.QualifiedUntil ?? row.QualifiedUntil, Status = request.Status ?? row.Status,
            };
            tx.Write("""
                update partner.staff set version = @Version, functions = @Functions, qualified_until = @QualifiedUntil, status = @Status,
                       pin_salt = coalesce(@salt, pin_salt), pin_hash = coalesce(@hash, pin_hash)
                where id = @Id
                """, new { changed.Id, changed.Version, changed.Functions, changed.QualifiedUntil, changed.Status, salt, hash });
            if (hash is not null) tx.WriteAny("delete from partner.sign_in where tenant_id = @TenantId and staff_number = @StaffNumber", new { row.TenantId, row.StaffNumber });
            RegisterStaff.Announce(tx, changed);
            tx.Audit("staff.change", $"staff/{id}", new { request.Functions, request.QualifiedUntil, request.Status, pinChanged = hash is not null });
            return Answers.Ok(changed.Version, changed.View(vault));
        }, ct);
    }
}
