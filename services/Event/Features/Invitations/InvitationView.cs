using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Projections;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>An invitation to who claimed it. `status` is `claimed`, `booked` or `lapsed`.</summary>
/// <param name="SlotStartsAt">Of the place that is kept for him until `claimBy`; null where none is.</param>
public sealed record InvitationView(Guid Id, Guid DriveId, Guid DonorId, string Status, DateTimeOffset? SlotStartsAt, DateTimeOffset ClaimBy, string[] AllowedActions);

internal sealed record InvitationRow
{
    public static readonly string Select = $"""
        select i.id, i.version, i.group_booking_id, i.drive_id, i.row, i.slot_starts_at, i.status, {Persons.Of("i.donor_id")} as donor_id, g.claim_by, g.created_at as invited_at, d.station_id
        from event.invitation i join event.group_booking g on g.id = i.group_booking_id join event.drive d on d.id = i.drive_id
        """;

    /// <summary>Takes @codeHash.</summary>
    public static readonly string ByCode = Select + " where i.code_hash = @codeHash for update of i";

    /// <summary>Invited to drive @id and not booked yet, locked.</summary>
    public static readonly string OpenOfDrive = Select + " where i.drive_id = @id and i.status in ('invited', 'claimed') order by i.id for update of i";

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid GroupBookingId { get; init; }
    public required Guid DriveId { get; init; }
    public int Row { get; init; }
    public DateTimeOffset? SlotStartsAt { get; init; }
    public required string Status { get; init; }
    public Guid? DonorId { get; init; }
    public required DateTimeOffset ClaimBy { get; init; }
    public DateTimeOffset InvitedAt { get; init; }
    public Guid? StationId { get; init; }

    /// <summary>Whether the place is still to be had; the sweep may be a second late.</summary>
    public bool IsOpen(DateTimeOffset now) => Status is "invited" or "claimed" && ClaimBy > now;

    /// <summary>Whether the donor may have it: nobody else's, and in time.</summary>
    public Rejection? Forbids(Guid donorId, DateTimeOffset now) =>
        Status == "booked" || (Status == "claimed" && DonorId != donorId) ? Problems.ClaimCodeUsed.Because()
        : !IsOpen(now) ? Problems.ClaimCodeExpired.Because()
        : null;

    public InvitationView View(DateTimeOffset now) => new(Id, DriveId, DonorId!.Value, Status == "claimed" && !IsOpen(now) ? "lapsed" : Status, Kept(now) is { } slot ? Shanghai.Local(slot) : null, ClaimBy, Status == "claimed" && IsOpen(now) ? ["book"] : []);

    private DateTimeOffset? Kept(DateTimeOffset now) => IsOpen(now) ? SlotStartsAt : null;

    public static byte[] HashOf(Vault vault, string code) => vault.BlindIndex("claim-code", code);

    /// <summary>A new code as it is handed out, and what is kept of it.</summary>
    public static (string Code, byte[] Hash) NewCode(Vault vault)
    {
        var code = ClaimCodes.Of(RandomNumberGenerator.GetString(ClaimCodes.Alphabet, ClaimCodes.Random));
        return (code, HashOf(vault, ClaimCodes.Read(code)!));
    }

    /// <summary>Finds the same person in another roster of the drive.</summary>
    public static byte[] IndexOf(Vault vault, Guid driveId, RosterMember member) => vault.BlindIndex("roster/" + driveId.ToString("N"), member.Identity);

    public static byte[] Seal(SubjectKey key, RosterMember member) => key.Seal("roster_row", JsonSerializer.Serialize(member, Json.Options));

    public static RosterMember Open(SubjectKey key, byte[] content) => JsonSerializer.Deserialize<RosterMember>(key.Open("roster_row", content), Json.Options)!;

    /// <summary>The drive is over or off: nobody can claim or book any more. Takes @id, @at; the slots are the caller's.</summary>
    public const string EndOfDrive = """
        with closed as (update event.group_booking set version = version + 1, status = 'closed', settled_at = @at where drive_id = @id and status = 'open')
        update event.invitation set version = version + 1, status = 'lapsed', settled_at = @at where drive_id = @id and status in ('invited', 'claimed')
        """;

    /// <summary>Kept places move with their slots, and the time to claim them with the drive. Takes @Id, @shift, @EndsAt.</summary>
    public const string MoveWithDrive = """
        with moved as (update event.group_booking set version = version + 1, claim_by = case when @shift > interval '0' then claim_by + @shift else least(claim_by, @EndsAt) end where drive_id = @Id and status = 'open')
        update event.invitation i set version = version + 1, slot_starts_at = (select s.starts_at from event.slot s where s.drive_id = @Id and s.starts_at = i.slot_starts_at + @shift)
        where drive_id = @Id and status in ('invited', 'claimed') and slot_starts_at is not null
        """;

    /// <summary>Kept places are free again, slot by slot in their order.</summary>
    public static void Free(Transaction tx, IEnumerable<(Guid DriveId, DateTimeOffset StartsAt)> places)
    {
        foreach (var slot in places.GroupBy(p => p).OrderBy(p => p.Key.DriveId).ThenBy(p => p.Key.StartsAt))
            tx.Write("update event.slot set held = held - @n where drive_id = @DriveId and starts_at = @StartsAt", new { slot.Key.DriveId, slot.Key.StartsAt, n = slot.Count() });
    }

    /// <summary>
    /// Those which are still open lapse and their places are free; whoever had claimed one is told. The caller holds the rows.
    /// </summary>
    public static void Lapse(Transaction tx, IReadOnlyCollection<InvitationRow> open)
    {
        if (open.Count == 0) return;
        tx.Write("update event.invitation set version = version + 1, status = 'lapsed', settled_at = @now where id = any(@ids)", new { ids = open.Select(i => i.Id).ToArray(), now = tx.Now }, rows: open.Count);
        Free(tx, open.Where(i => i.SlotStartsAt is not null).Select(i => (i.DriveId, i.SlotStartsAt!.Value)));
        TellLapsed(tx, open);
    }

    /// <summary>Whoever had claimed one of those that lapse now is told; the others nobody knows.</summary>
    public static void TellLapsed(Transaction tx, IEnumerable<InvitationRow> open)
    {
        foreach (var i in open.Where(i => i.Status == "claimed")) (i with { Version = i.Version + 1 }).Tell(tx, "invitation-lapsed");
    }

    /// <summary>He stays invited, without a place.</summary>
    public void Unkeep(Transaction tx)
    {
        tx.Write("update event.invitation set version = version + 1, slot_starts_at = null where id = @Id", this);
        tx.Write("update event.slot set held = held - 1 where drive_id = @DriveId and starts_at = @SlotStartsAt", this);
        if (Status == "claimed") (this with { Version = Version + 1 }).Tell(tx, "invitation-place-withdrawn");
    }

    /// <summary>Asks Donor to have him told who claimed it; in his sleep nobody is.</summary>
    public void Tell(Transaction tx, string template) => tx.Append(new NoticeRequested
    {
        Key = Id.ToString(), Version = Version, OccurredAt = tx.Now, StationId = StationId, NoticeId = tx.NewId(), DonorId = DonorId!.Value, Purpose = "invitation", TemplateCode = template,
        References = new(DriveId: DriveId, On: SlotStartsAt is { } slot ? Shanghai.DateOf(slot) : null, SlotStartsAt: SlotStartsAt), NotBefore = Rules.Waitlist.ToldAt(tx.Now), NotAfter = Rules.Waitlist.ToldAt(tx.Now).AddDays(1),
    });
}
