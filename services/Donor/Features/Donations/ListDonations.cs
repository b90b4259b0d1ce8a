using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donations;

public sealed record DonationView(string Din, string Procedure, int? NominalMl, int? CollectedMl, int? TreatmentUnits, DateTimeOffset CollectedAt, Guid? DriveId);

/// <summary>GET /v1/donors/{id}/donations, oldest first. Whether one was withdrawn is nobody's business.</summary>
public static class ListDonations
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donors/{id:guid}/donations", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("What a donor gave");

    private static async Task<Results<Ok<List<DonationView>>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<DonationView>>, ProblemHttpResult>>(async tx =>
        {
            var (apps, donations) = await tx.Read($"""
                select apps from donor.donor where id = any({DonorFile.IdsOf});
                select din, procedure, nominal_ml, collected_ml, treatment_units, started_at as collected_at, drive_id from donor.donation_as_it_stands where not voided and donor_id = any({DonorFile.IdsOf}) order by started_at, din
                """, new { donorId = id }, async grid => ((await grid.ReadAsync<Guid[]>()).ToList(), (await grid.ReadAsync<DonationView>()).ToList()));
            if (apps.Count == 0) return CommonProblems.Unknown(id);
            if (!caller.Is(Roles.Station) && !apps.Any(a => a.Contains(caller.Tenant))) return CommonProblems.NotFound.With();
            if (caller.Is(Roles.Station)) tx.Audit("donor.donations", $"donors/{id}");
            return TypedResults.Ok(donations);
        }, ct);
}
