using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>A slot; `capacity` is what the rules of its day leave of the drive's, `bookable` says whether a place can be had now; `walkIn` are beside them, for whoever comes without a booking.</summary>
public sealed record SlotView(DateTimeOffset StartsAt, DateTimeOffset EndsAt, int Capacity, int Booked, int Available, bool Bookable, int WalkIn, int WalkedIn);

/// <summary>GET /v1/drives/{id}/slots: to all who may read the drive; a drive has slots from its approval on.</summary>
public static class ListSlots
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/slots", Handle).Public()
        .WithSummary("Slots of a drive and the places left");

    private static async Task<Results<Ok<Page<SlotView>>, ProblemHttpResult>> Handle(Guid id, HttpContext http, Database db, CancellationToken ct)
    {
        var drive = await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct);
        if (drive is null) return CommonProblems.Unknown(id);
        if (!drive.IsReadableBy(Viewer.Of(http, "drives") ?? Viewer.Of(http, "appointments"))) return CommonProblems.NotFound.With();
        return await db.InTransaction<Results<Ok<Page<SlotView>>, ProblemHttpResult>>(async tx =>
        {
            var slots = await tx.Read($"select {BookingFacts.SlotColumns} from event.slot s where drive_id = @id order by starts_at; {BookingFacts.PlacesRules}", new { id }, async grid =>
            {
                var rows = (await grid.ReadAsync<BookableSlot>()).AsList();
                var rules = (await grid.ReadAsync<PlacesRule>()).AsList();
                return rows.ConvertAll(s => s.Under(rules));
            });
            // Whoever was promised a place before the rules took it away keeps it.
            return TypedResults.Ok(new Page<SlotView>(slots.ConvertAll(s => new SlotView(s.StartsAt, s.EndsAt, s.Places, s.Booked, s.Awaited ? 0 : Math.Max(0, s.Places - s.Booked - s.Held),
                drive.Status is "open" or "started" && s.EndsAt > tx.Now && s.HasRoomFor("booking"), s.WalkIn, s.WalkedIn)), null));
        }, ct);
    }
}
