using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Donations;

public sealed record ExcludedView;

/// <summary>
/// POST /v1/donations/{din}/self-exclusion: a donor asks that his blood not be used (保密性弃血). No reason is taken, the answer
/// is the same for a number nobody knows, and the hold looks like any late information: nobody can read back who asked.
/// </summary>
public static class ExcludeByDonor
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donations/{din}/self-exclusion", Handle).Allow("donors", Roles.Station, Roles.App).WithSummary("A donor's confidential wish that his blood not be used");

    private static async Task<Results<Accepted<ExcludedView>, ProblemHttpResult>> Handle(string din, Caller caller, Database db, CancellationToken ct)
    {
        if (Din.Parse(din) is not { } number) return Problems.DinInvalid.With();
        return await db.InTransaction<Results<Accepted<ExcludedView>, ProblemHttpResult>>(async tx =>
        {
            var files = await DonationFile.Load(tx, [number.Text], caller.Is(Roles.Station) ? caller.Tenant : null, forUpdate: true, prepare: """
                insert into inventory.donation (din, version, station_id)
                select @Text, 0, b.station_id from (select b.station_id, b.last_number from inventory.din_block b where b.fin = @Fin and b.yy = @Year and b.first_number <= @Number order by b.first_number desc limit 1) b
                where b.last_number >= @Number on conflict (din) do nothing;
                """, prepareArgs: new { number.Text, number.Fin, number.Year, number.Number });
            if (files.ByDin.GetValueOrDefault(number.Text) is { } file)
            {
                file.Hold(tx, "late-information", tx.NewId());
                file.Save(tx);
            }
            return TypedResults.Accepted((string?)null, new ExcludedView());
        }, ct);
    }
}
