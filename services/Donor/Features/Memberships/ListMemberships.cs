using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Memberships;

/// <summary>GET /v1/donors/{id}/memberships: the periods of all organisations, those that are over included.</summary>
public static class ListMemberships
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donors/{id:guid}/memberships", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("A donor's memberships with their history");

    private static async Task<Results<Ok<Page<MembershipView>>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<Page<MembershipView>>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.Read(DonorFile.Unlocked, new { donorId = id }, grid => DonorFile.Read(grid, vault, books)) is not { } donor) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (caller.Is(Roles.Station)) tx.Audit("donor.memberships", $"donors/{id}");
            return TypedResults.Ok(new Page<MembershipView>([.. donor.Memberships.Select(m => new MembershipView(
                m.Id, donor.PersonId, m.OrganisationId, m.MemberNumber is null ? null : Mask.Number(donor.KeyOf(m.DonorId).Open("member_number", m.MemberNumber)), m.GroupId, m.ValidFrom, m.ValidTo, m.ShareParticipation))], null));
        }, ct);
}
