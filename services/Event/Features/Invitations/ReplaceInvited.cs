using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Invitations;

public sealed record ReplaceInvitedRequest(string? Name, string? MemberNumber = null, string? Group = null, string? Phone = null);

/// <summary>The row with its new code, which is shown here and never again.</summary>
public sealed record InvitedInsteadView(Guid Id, int Index, string Name, string? Group, DateTimeOffset? SlotStartsAt, string Status, string ClaimCode);

/// <summary>POST /v1/invitations/{id}/replace: somebody else in his stead, while he has not booked; whoever had claimed it is told. The place stays kept; the old code is good for nothing.</summary>
public static class ReplaceInvited
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/invitations/{id:guid}/replace", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Invites somebody else in place of a member");

    private static async Task<Results<Made<InvitedInsteadView>, ProblemHttpResult>> Handle(Guid id, ReplaceInvitedRequest request, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        var (member, _, fault) = Roster.Read(new(request.Name, request.MemberNumber, request.Group, request.Phone));
        if (fault is not null) return CommonProblems.Invalid.With(null, new FieldError("", fault, "Not somebody who can be invited"));
        return await db.InTransaction<Results<Made<InvitedInsteadView>, ProblemHttpResult>>(async tx =>
        {
            var (drive, before, wrapped) = await tx.Read($"""
                {DriveRow.ById.Replace("@id", "(select drive_id from event.invitation where id = @id)", StringComparison.Ordinal)};
                {InvitationRow.Select} where i.id = @id for update of i;
                select wrapped_key from event.subject_key where subject_id = (select group_booking_id from event.invitation where id = @id)
                """, new { id }, async grid => (await grid.ReadSingleOrDefaultAsync<DriveRow>(), await grid.ReadSingleOrDefaultAsync<InvitationRow>(), await grid.ReadSingleOrDefaultAsync<byte[]>()));
            if (drive is null || before is null) return CommonProblems.Unknown(id);
            if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (before.Status == "booked") return Problems.InvitationBooked.With();
            if (!before.IsOpen(tx.Now) || wrapped is null) return Problems.InvitationOver.With();

            var (code, hash) = InvitationRow.NewCode(vault);
            tx.Write("update event.invitation set version = version + 1, status = 'invited', donor_id = null, content = @content, member_index = @index, code_hash = @hash where id = @id",
                new { id, content = InvitationRow.Seal(vault.Unwrap(before.GroupBookingId, wrapped), member!), index = InvitationRow.IndexOf(vault, before.DriveId, member!), hash });
            if (before.Status == "claimed") (before with { Version = before.Version + 1 }).Tell(tx, "invitation-withdrawn");
            tx.Audit("invitation.replace", $"invitation/{id}");
            return Answers.Ok(before.Version + 1, new InvitedInsteadView(id, before.Row, Mask.Name(member!.Name), member.Group, before.SlotStartsAt is { } slot ? Shanghai.Local(slot) : null, "invited", code));
        }, ct);
    }
}
