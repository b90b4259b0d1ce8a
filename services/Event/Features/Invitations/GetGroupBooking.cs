using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>GET /v1/group-bookings/{id} and GET /v1/drives/{id}/group-bookings: how far a roster's members are. What was collected is at the drive's results, for all together.</summary>
public static class GetGroupBooking
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/group-bookings/{id:guid}", Get).Allow("drives", Roles.Station, Roles.Organiser).WithSummary("A roster and how far its members are");
        app.MapGet("/v1/drives/{id:guid}/group-bookings", List).Allow("drives", Roles.Station, Roles.Organiser).WithSummary("Rosters of a drive");
    }

    private static async Task<Results<Made<GroupBookingMembersView>, ProblemHttpResult>> Get(Guid id, int? limit, int? cursor, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<GroupBookingMembersView>, ProblemHttpResult>>(async tx =>
        {
            var take = Answers.Limit(limit);
            var (drive, group, rows) = await tx.Read($"""
                {DriveRow.ById.Replace("@id", "(select drive_id from event.group_booking where id = @id)", StringComparison.Ordinal)};
                {GroupBookingRow.Select} where g.id = @id;
                {InvitedMemberRow.Select} where i.group_booking_id = @id and i.row > @after order by i.row limit @more
                """, new { id, after = cursor ?? -1, more = take + 1 }, async grid => (await grid.ReadSingleOrDefaultAsync<DriveRow>(), await grid.ReadSingleOrDefaultAsync<GroupBookingRow>(), (await grid.ReadAsync<InvitedMemberRow>()).ToList()));
            if (drive is null || group is null) return CommonProblems.Unknown(id);
            if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            var key = group.WrappedKey is { } wrapped ? vault.Unwrap(id, wrapped) : null;
            var page = Page<InvitedMemberView>.From(rows.ConvertAll(r => r.View(key)), take, r => r.Index.ToString(CultureInfo.InvariantCulture));
            tx.Audit("group-booking.read", $"group-booking/{id}");
            return Answers.Ok(group.Version, new GroupBookingMembersView(id, group.DriveId, group.ClaimBy, group.Status, group.Invited, group.Claimed, group.Booked, group.Attended, group.Lapsed, group.CreatedAt, group.AllowedActions, page.Items, page.Next));
        }, ct);

    private static async Task<Results<Ok<Page<GroupBookingView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        var drive = await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct);
        if (drive is null) return CommonProblems.Unknown(id);
        if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
        return TypedResults.Ok(new Page<GroupBookingView>((await db.Query<GroupBookingRow>(GroupBookingRow.Select + " where g.drive_id = @id order by g.id limit 1000", new { id }, ct)).ConvertAll(g => g.View), null));
    }
}
