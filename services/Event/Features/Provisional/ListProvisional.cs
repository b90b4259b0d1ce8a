using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Provisional;

/// <summary>GET /v1/drives/{id}/provisional-bookings: the places that are held for whoever comes to the desk, slot by slot.</summary>
public static class ListProvisional
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/provisional-bookings", Handle)
        .Allow("appointments", Roles.Station)
        .WithSummary("Places taken with name and telephone that nobody has confirmed yet");

    private static async Task<Results<Ok<Page<ProvisionalBookingView>>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<Page<ProvisionalBookingView>>, ProblemHttpResult>>(async tx =>
        {
            var (drive, rows) = await tx.Read($"{DriveRow.ById}; {ProvisionalRow.Select} where p.drive_id = @id and p.status = 'held' and p.held_until > @now order by p.slot_starts_at, p.reference limit 1000", new { id, now = tx.Now },
                async grid => (await grid.ReadSingleOrDefaultAsync<DriveRow>(), (await grid.ReadAsync<ProvisionalRow>()).ToList()));
            if (drive is null) return CommonProblems.Unknown(id);
            if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            tx.Audit("provisional-booking.list", $"drive/{id}", new { rows = rows.Count });
            return TypedResults.Ok(new Page<ProvisionalBookingView>(rows.ConvertAll(r => r.View(vault)), null));
        }, ct);
}
