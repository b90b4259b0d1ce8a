using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>An organisation that brings donors, hosts them, or collects from them.</summary>
public sealed record RegisterOrganisationRequest(
    [property: StringLength(80, MinimumLength = 1)] string Name,
    [property: AllowedValues("university", "college", "class", "school", "enterprise", "government", "street-office", "community", "village", "hospital", "blood-station", "partner-app", "military", "red-cross", "other")] string Kind,
    [property: StringLength(6, MinimumLength = 6), RegularExpression(Plain.District)] string District,
    Guid? ParentId = null,
    [property: Range(1, 10_000_000)] int? Members = null,
    CoordinatorRequest? Coordinator = null);

/// <summary>Who answers the telephone there; sealed, never in an event.</summary>
public sealed record CoordinatorRequest([property: StringLength(80, MinimumLength = 1)] string Name, [property: StringLength(30, MinimumLength = 5)] string Phone);

/// <summary>POST /v1/organisations</summary>
public static class RegisterOrganisation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/organisations", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin).Creates()
        .WithSummary("Registers an organisation");

    private static async Task<Results<Made<OrganisationView>, ProblemHttpResult>> Handle(RegisterOrganisationRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrganisationView>, ProblemHttpResult>>(async tx =>
        {
            var parent = request.ParentId is { } parentId
                ? await tx.Read($"{OrganisationRow.LockTreeShared}; select path, district, event.stations_of(district) as stations from event.organisation where id = @parentId for share", new { parentId },
                    async grid => await grid.ReadSingleAsync<int>() == 1 ? await grid.ReadSingleOrDefaultAsync<ParentRow>() : null) : null;
            if (request.ParentId is { } unknown && parent is null) return CommonProblems.Unknown(unknown);
            if (parent?.IsManagedBy(caller) is false) return CommonProblems.NotFound.With();
            if (caller.Is(Roles.Organiser) && parent is null) return Problems.OutsideOwnSubtree.With("An organiser registers below its own organisation: send parentId");
            if (!Districts.Possible(request.District)) return CommonProblems.Invalid.With("No such district", new FieldError("/district", "unknown", "A GB/T 2260 code"));
            if (await OwnArea.Forbids(tx, caller, request.Kind, request.District) is { } outside) return outside;
            if (OrganisationTree.ForbidsBelow(parent?.Path.Length ?? 0, 1) is { } deep) return deep.ToProblem();

            var id = tx.NewId();
            Guid[] path = [.. parent?.Path ?? [], id];
            tx.Write("""
                insert into event.organisation (id, version, name, kind, district, parent_id, path, members, status, created_at)
                values (@id, 1, @Name, @Kind, @District, @ParentId, @path, @Members, 'active', @now)
                """, new { id, request.Name, request.Kind, request.District, request.ParentId, path, request.Members, now = tx.Now });
            tx.Write("insert into event.organisation_placement (organisation_id, valid_from, valid_to, path) values (@id, '-infinity', 'infinity', @path)", new { id, path });
            if (request.Members is { } members)
                tx.Write("insert into event.organisation_size (organisation_id, as_of, members, recorded_at) values (@id, @today, @members, @now)", new { id, today = Shanghai.DateOf(tx.Now), members, now = tx.Now });
            if (request.Coordinator is { } person) CoordinatorRow.Begin(tx, vault, caller, id, person, tx.Now);
            tx.Append(new OrganisationRegistered
            {
                Key = id.ToString(), Version = 1, OccurredAt = tx.Now,
                OrganisationId = id, Name = request.Name, Kind = request.Kind, District = request.District, ParentId = request.ParentId, Path = path, Members = request.Members, Status = "active",
            });
            return Answers.Created($"/v1/organisations/{id}", 1, new OrganisationView(id, request.Name, request.Kind, request.District, request.ParentId, request.Members, "active",
                request.Coordinator is { } c ? new CoordinatorView(Mask.Name(c.Name), Mask.Number(c.Phone)) : null, ["change"]));
        }, ct);

    private sealed record ParentRow
    {
        public required Guid[] Path { get; init; }
        public required string District { get; init; }
        public required Guid[] Stations { get; init; }

        public bool IsManagedBy(Caller caller) => OrganisationRow.IsManagedBy(caller, Path, District, Stations);
    }
}
