using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>What is absent stays as it is.</summary>
public sealed record ChangeOrganisationRequest(
    [property: StringLength(80, MinimumLength = 1)] string? Name = null,
    [property: RegularExpression(@"\d{6}")] string? District = null,
    [property: Range(1, 10_000_000)] int? Members = null,
    CoordinatorRequest? Coordinator = null);

/// <summary>PATCH /v1/organisations/{id}</summary>
public static class ChangeOrganisation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPatch("/v1/organisations/{id:guid}", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Changes an organisation's name, district, size or coordinator");

    private static async Task<Results<Made<OrganisationView>, ProblemHttpResult>> Handle(Guid id, ChangeOrganisationRequest request, Caller caller, HttpRequest http, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrganisationView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<OrganisationRow>(OrganisationRow.Select + " where o.id = @id for update of o", new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (Answers.Precondition(http, before.Version) is { } stale) return stale;

            var key = request.Coordinator is null ? null : before.WrappedKey is null ? vault.CreateKey(tx, id) : vault.Unwrap(id, before.WrappedKey);
            var after = before with
            {
                Version = before.Version + 1, Name = request.Name ?? before.Name, District = request.District ?? before.District, Members = request.Members ?? before.Members,
                CoordinatorName = key?.Seal("coordinator_name", request.Coordinator!.Name) ?? before.CoordinatorName,
                CoordinatorPhone = key?.Seal("coordinator_phone", request.Coordinator!.Phone) ?? before.CoordinatorPhone,
            };
            tx.Write("""
                update event.organisation set version = @Version, name = @Name, district = @District, members = @Members,
                    coordinator_name = @CoordinatorName, coordinator_phone = @CoordinatorPhone where id = @Id
                """, after);
            tx.Append(after.ToChanged(tx.Now));
            var view = after.ViewFor(caller, vault);
            return Answers.Ok(after.Version, request.Coordinator is { } c ? view with { Coordinator = new CoordinatorView(Mask.Name(c.Name), Mask.Number(c.Phone)) } : view);
        }, ct);
}
