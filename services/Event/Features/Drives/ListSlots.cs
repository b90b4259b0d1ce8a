using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>A slot; `bookable` says whether a place can be had now.</summary>
public sealed record SlotView(DateTimeOffset StartsAt, DateTimeOffset EndsAt, int Capacity, int Booked, int Available, bool Bookable);

/// <summary>GET /v1/drives/{id}/slots: to all who may read the drive; a drive has slots from its approval on.</summary>
public static class ListSlots
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/slots", Handle).Public()
        .WithSummary("Slots of a drive and the places left");

    private static async Task<Results<Ok<Page<SlotView>>, ProblemHttpResult>> Handle(Guid id, HttpContext http, Database db, TimeProvider clock, CancellationToken ct)
    {
        var drive = await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct);
        if (drive is null) return CommonProblems.Unknown(id);
        if (!drive.IsReadableBy(Viewer.Of(http, "drives") ?? Viewer.Of(http, "appointments"))) return CommonProblems.NotFound.With();
        var slots = await db.Query<SlotRow>("select starts_at, ends_at, capacity, booked from event.slot where drive_id = @id order by starts_at", new { id }, ct);
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new Page<SlotView>(slots.ConvertAll(s => new SlotView(s.StartsAt, s.EndsAt, s.Capacity, s.Booked, s.Capacity - s.Booked,
            drive.Status is "open" or "started" && s.EndsAt > now && s.Booked < s.Capacity)), null));
    }

    private sealed record SlotRow(DateTimeOffset StartsAt, DateTimeOffset EndsAt, int Capacity, int Booked);
}
