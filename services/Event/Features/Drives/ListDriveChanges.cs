using System.Globalization;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>One field of a drive, changed after its approval. Who did it and why is for those who run the drive; null for others.</summary>
/// <param name="SlotStartsAt">Of this slot only.</param>
/// <param name="From">As text; null where there was nothing.</param>
public sealed record DriveChangeView(DateTimeOffset At, string Field, DateTimeOffset? SlotStartsAt, string? From, string? To, string? Reason, ChangedBy? By);

public sealed record ChangedBy(string Role, Guid? OrganisationId, Guid? StaffId);

/// <summary>GET /v1/drives/{id}/changes: to all who may read the drive, the newest last.</summary>
public static class ListDriveChanges
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/changes", Handle).Public()
        .WithSummary("What was changed of a drive since its approval");

    private static async Task<Results<Ok<Page<DriveChangeView>>, ProblemHttpResult>> Handle(Guid id, int? limit, long? cursor, HttpContext http, Database db, CancellationToken ct)
    {
        var drive = await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct);
        if (drive is null) return CommonProblems.Unknown(id);
        var caller = Viewer.Of(http, "drives");
        if (!drive.IsReadableBy(caller)) return CommonProblems.NotFound.With();
        var inside = caller is not null && drive.IsManagedBy(caller);
        var rows = await db.Query<DriveChangeRow>("select * from event.drive_change where drive_id = @id and number > @after order by number limit @rows", new { id, after = cursor ?? 0, rows = Answers.Limit(limit) + 1 }, ct);
        var page = Page<DriveChangeRow>.From(rows, Answers.Limit(limit), r => r.Number.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<DriveChangeView>([.. page.Items.Select(r => r.ViewFor(inside))], page.Next));
    }
}

internal sealed record DriveChangeRow
{
    public required long Number { get; init; }
    public required DateTimeOffset ChangedAt { get; init; }
    public required string Role { get; init; }
    public Guid? TenantId { get; init; }
    public Guid? StaffId { get; init; }
    public required string Field { get; init; }
    public DateTimeOffset? SlotStartsAt { get; init; }
    public string? Before { get; init; }
    public string? After { get; init; }
    public string? Reason { get; init; }

    public DriveChangeView ViewFor(bool inside) => new(Shanghai.Local(ChangedAt), Field, SlotStartsAt is { } slot ? Shanghai.Local(slot) : null, Before, After, inside ? Reason : null, inside ? new(Role, TenantId, StaffId) : null);

    /// <summary>Each field that is otherwise.</summary>
    public static List<(string Field, string? Before, string? After)> Between(DriveRow before, DriveRow after) =>
        [.. Fields(before).Zip(Fields(after)).Where(f => f.First.Value != f.Second.Value).Select(f => (f.First.Field, f.First.Value, f.Second.Value))];

    private static (string Field, string? Value)[] Fields(DriveRow d) =>
    [
        ("theme", d.Theme), ("description", d.Description), ("meetingPoint", d.MeetingPoint), ("venue.name", d.VenueName), ("venue.address", d.VenueAddress), ("venue.district", d.District),
        ("venue.position", d is { Latitude: { } y, Longitude: { } x } ? string.Create(CultureInfo.InvariantCulture, $"{y},{x}") : null), ("startsAt", Text(d.StartsAt)), ("endsAt", Text(d.EndsAt)),
        ("slotMinutes", Text(d.SlotMinutes)), ("capacityPerSlot", Text(d.CapacityPerSlot)), ("walkInPerSlot", Text(d.WalkInPerSlot)), ("procedures", string.Join(' ', d.Procedures)), ("visibility", d.Visibility), ("stationId", d.StationId?.ToString()),
        ("siteId", d.SiteId?.ToString()), ("vehicleId", d.VehicleId?.ToString()), ("staff", d.Staff?.ToString(CultureInfo.InvariantCulture)),
    ];

    private static string Text(DateTimeOffset at) => Shanghai.Local(at).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFzzz", CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static void Log(Transaction tx, Caller caller, Guid driveId, string field, string? before, string? after, string? reason, DateTimeOffset? slotStartsAt = null) => tx.Write("""
        insert into event.drive_change (id, drive_id, changed_at, role, tenant_id, staff_id, field, slot_starts_at, before, after, reason)
        values (@id, @driveId, @now, @Role, @TenantId, @staff, @field, @slotStartsAt, @before, @after, @reason)
        """, new { id = tx.NewId(), driveId, now = tx.Now, caller.Role, caller.TenantId, staff = caller.Staff?.Id, field, slotStartsAt, before, after, reason });
}
