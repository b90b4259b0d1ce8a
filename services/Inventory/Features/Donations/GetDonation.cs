using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Donations;

/// <summary>GET /v1/donations/{din}: 404 until the donation has arrived.</summary>
public static class GetDonation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donations/{din}", Handle).Allow("inventory", Roles.Station).WithSummary("A donation: its conclusions, what keeps it back, its bags");

    private static async Task<Results<Made<DonationView>, ProblemHttpResult>> Handle(string din, Caller caller, Database db, CancellationToken ct)
    {
        if (Din.Parse(din) is not { } number) return Problems.DinInvalid.With();
        return await db.InTransaction<Results<Made<DonationView>, ProblemHttpResult>>(async tx =>
        {
            var file = (await DonationFile.Load(tx, [number.Text], caller.Tenant)).ByDin.GetValueOrDefault(number.Text);
            return file is { Arrived: true } ? Answers.Ok(file.Row.Version, file.View(tx.Now)) : CommonProblems.NotFound.With();
        }, ct);
    }
}
