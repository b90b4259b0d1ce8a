using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>POST /v1/group-bookings/{id}/close: before `claimBy`; what nobody has booked lapses and its places are free.</summary>
public static class CloseGroupBooking
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/group-bookings/{id:guid}/close", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Ends the invitations of a roster that nobody has booked");

    private static async Task<Results<Made<GroupBookingView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<GroupBookingView>, ProblemHttpResult>>(async tx =>
        {
            var (drive, group, open) = await tx.Read($"""
                {DriveRow.ById.Replace("@id", "(select drive_id from event.group_booking where id = @id)", StringComparison.Ordinal)};
                {GroupBookingRow.Select} where g.id = @id for update of g;
                {InvitationRow.Select} where i.group_booking_id = @id and i.status in ('invited', 'claimed') order by i.id for update of i
                """, new { id }, async grid => (await grid.ReadSingleOrDefaultAsync<DriveRow>(), await grid.ReadSingleOrDefaultAsync<GroupBookingRow>(), (await grid.ReadAsync<InvitationRow>()).ToList()));
            if (drive is null || group is null) return CommonProblems.Unknown(id);
            if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (group.Status != "open") return Problems.InvitationOver.With("The roster is closed");

            tx.Write("update event.group_booking set version = version + 1, status = 'closed', settled_at = @now where id = @id", new { id, now = tx.Now });
            InvitationRow.Lapse(tx, open);
            tx.Audit("group-booking.close", $"group-booking/{id}", new { lapsed = open.Count });
            return Answers.Ok(group.Version + 1, (group with { Status = "closed", Invited = 0, Claimed = 0, Lapsed = group.Lapsed + open.Count }).View);
        }, ct);
}
