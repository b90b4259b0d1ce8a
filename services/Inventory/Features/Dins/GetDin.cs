using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Dins;

/// <param name="Status">`issued` here, `used` (a donation bears it), or `foreign`: well-formed and none of ours.</param>
/// <param name="FacilityKnown">Whether its first five characters are a facility that this platform knows. A number whose characters were typed in a circle passes the check character (ISBT 128, domain rules 4.2) and names nobody.</param>
public sealed record DinView(string Din, string CheckCharacter, string Status, bool FacilityKnown);

/// <summary>GET /v1/dins/{din}: 13 characters, 13 and the check character, or the scanned text.</summary>
public static class GetDin
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/dins/{din}", Handle).Allow("inventory", Roles.Station).WithSummary("A donation number: its check character, and whether it was issued or used");

    private static async Task<Results<Ok<DinView>, ProblemHttpResult>> Handle(string din, Facility facility, Database db, CancellationToken ct)
    {
        if (Din.Parse(din) is not { } number) return Problems.DinInvalid.With();
        var status = await db.QuerySingle<string>("""
            select case
                when exists (select from inventory.donation d where d.din = @Text and d.arrived_at is not null) then 'used'
                when (select b.last_number from inventory.din_block b where b.fin = @Fin and b.yy = @Year and b.first_number <= @Number order by b.first_number desc limit 1) >= @Number then 'issued'
                else 'foreign' end
            """, new { number.Text, number.Fin, number.Year, number.Number }, ct);
        return TypedResults.Ok(new DinView(number.Text, number.CheckCharacter.ToString(), status!, facility.Known.Contains(number.Fin)));
    }
}
