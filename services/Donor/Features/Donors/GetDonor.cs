using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>GET /v1/donors/{id}: masked; a station's read is audited, because it may read anybody.</summary>
public static class GetDonor
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donors/{id:guid}", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("A donor, masked");

    private static async Task<Results<Made<DonorView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DonorView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.Read(DonorFile.Unlocked, new { donorId = id }, grid => DonorFile.Read(grid, vault, books)) is not { } donor) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (caller.Is(Roles.Station)) tx.Audit("donor.read", $"donors/{id}");
            return Answers.Ok(donor.ProfileVersion, DonorView.Of(donor, caller));
        }, ct);
}
