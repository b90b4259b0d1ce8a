using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>What is absent stays as it is. A coordinator takes over from now on; `membersAsOf` is the day of the count, today where it is absent.</summary>
public sealed record ChangeOrganisationRequest(
    [property: StringLength(80, MinimumLength = 1)] string? Name = null,
    [property: StringLength(6, MinimumLength = 6), RegularExpression(Plain.District)] string? District = null,
    [property: Range(1, 10_000_000)] int? Members = null,
    CoordinatorRequest? Coordinator = null,
    DateOnly? MembersAsOf = null);

/// <summary>PATCH /v1/organisations/{id}; its place in the tree changes by a move.</summary>
public static class ChangeOrganisation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPatch("/v1/organisations/{id:guid}", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Changes an organisation's name, district, size or coordinator");

    private static async Task<Results<Made<OrganisationView>, ProblemHttpResult>> Handle(Guid id, ChangeOrganisationRequest request, Caller caller, HttpRequest http, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrganisationView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.Read(OrganisationRow.ForUpdate, new { id }, async grid => { await grid.ReadAsync<int>(); return await grid.ReadSingleOrDefaultAsync<OrganisationRow>(); });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (Answers.Precondition(http, before.Version) is { } stale) return stale;
            var today = Shanghai.DateOf(tx.Now);
            if (request.District is { } district && !Districts.Possible(district)) return CommonProblems.Invalid.With("No such district", new FieldError("/district", "unknown", "A GB/T 2260 code"));
            if (request.District is { } moved && moved != before.District && await OwnArea.Forbids(tx, caller, before.Kind, moved) is { } outside) return outside;
            if (request is { MembersAsOf: not null, Members: null }) return CommonProblems.Invalid.With(null, new FieldError("/members", "required", "How many there were on that day"));
            if (request.MembersAsOf > today) return CommonProblems.Invalid.With(null, new FieldError("/membersAsOf", "in_the_future", "Who was counted"));

            var asOf = request.MembersAsOf ?? today;
            var after = before with
            {
                Version = before.Version + 1, Name = request.Name ?? before.Name, District = request.District ?? before.District,
                Members = request.Members is { } count && !(asOf < before.MembersAsOf) ? count : before.Members, // an older count is history
            };
            tx.Write("update event.organisation set version = @Version, name = @Name, district = @District, members = @Members where id = @Id", after);
            if (request.Members is { } members)
                tx.Write("""
                    insert into event.organisation_size as s (organisation_id, as_of, members, recorded_at) values (@id, @asOf, @members, @now)
                    on conflict (organisation_id, as_of) do update set members = excluded.members, recorded_at = excluded.recorded_at
                    """, new { id, asOf, members, now = tx.Now });
            if (request.Coordinator is { } person) CoordinatorRow.HandOver(tx, vault, caller, before, person, before.NextCoordinatorFrom(tx.Now));
            tx.Append(after.ToChanged(tx.Now));
            var view = after.ViewFor(caller, vault);
            return Answers.Ok(after.Version, request.Coordinator is { } c ? view with { Coordinator = new CoordinatorView(Mask.Name(c.Name), Mask.Number(c.Phone)) } : view);
        }, ct);
}
