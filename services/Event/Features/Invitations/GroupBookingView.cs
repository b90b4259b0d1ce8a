using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Features.Projections;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>A roster. `status` is `open` until `claimBy`, then `closed`. The numbers say how far its members are, never why.</summary>
public sealed record GroupBookingView(Guid Id, Guid DriveId, DateTimeOffset ClaimBy, string Status, int Invited, int Claimed, int Booked, int Attended, int Lapsed, DateTimeOffset CreatedAt, string[] AllowedActions);

/// <summary>A roster with a page of its members.</summary>
public sealed record GroupBookingMembersView(Guid Id, Guid DriveId, DateTimeOffset ClaimBy, string Status, int Invited, int Claimed, int Booked, int Attended, int Lapsed, DateTimeOffset CreatedAt, string[] AllowedActions,
    IReadOnlyList<InvitedMemberView> Items, string? Next);

/// <summary>
/// A member as the organiser sees him, masked; null once erased. `status` is `invited`, `claimed`, `booked`, `attended` or `lapsed`. Whoever has booked stays `booked`
/// whatever becomes of his booking, and is `attended` once the drive is closed if he came: whether he gave, was deferred or refused is not to be seen.
/// </summary>
/// <param name="Index">Of the row that was handed in.</param>
/// <param name="SlotStartsAt">Of the place that is kept for him.</param>
public sealed record InvitedMemberView(Guid Id, int Index, string? Name, string? MemberNumber, string? Group, string? Phone, DateTimeOffset? SlotStartsAt, string Status, string[] AllowedActions);

internal sealed record GroupBookingRow
{
    /// <summary>Of invitation i at drive d: what an organiser may know.</summary>
    public static readonly string Shown = $"case when d.status = 'closed' and i.donor_id is not null and exists (select from event.visit v where v.drive_id = i.drive_id and v.donor_id in {Persons.Ids("i.donor_id")}) then 'attended' else i.status end";

    public static readonly string Select = $"""
        select g.id, g.version, g.drive_id, g.claim_by, g.status, g.created_at, n.*, k.wrapped_key
        from event.group_booking g join event.drive d on d.id = g.drive_id left join event.subject_key k on k.subject_id = g.id,
             lateral (select count(*) filter (where shown = 'invited')::int as invited, count(*) filter (where shown = 'claimed')::int as claimed, count(*) filter (where shown = 'booked')::int as booked,
                             count(*) filter (where shown = 'attended')::int as attended, count(*) filter (where shown = 'lapsed')::int as lapsed
                      from (select {Shown} as shown from event.invitation i where i.group_booking_id = g.id) x) n
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid DriveId { get; init; }
    public required DateTimeOffset ClaimBy { get; init; }
    public required string Status { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public int Invited { get; init; }
    public int Claimed { get; init; }
    public int Booked { get; init; }
    public int Attended { get; init; }
    public int Lapsed { get; init; }

    /// <summary>Null once the roster is erased.</summary>
    public byte[]? WrappedKey { get; init; }

    public string[] AllowedActions => Status == "open" ? ["close"] : [];

    public GroupBookingView View => new(Id, DriveId, ClaimBy, Status, Invited, Claimed, Booked, Attended, Lapsed, CreatedAt, AllowedActions);

}

internal sealed record InvitedMemberRow
{
    public static readonly string Select = $"select i.id, i.row, i.content, i.slot_starts_at, {GroupBookingRow.Shown} as status from event.invitation i join event.drive d on d.id = i.drive_id";

    public required Guid Id { get; init; }
    public required int Row { get; init; }
    public byte[]? Content { get; init; }
    public DateTimeOffset? SlotStartsAt { get; init; }
    public required string Status { get; init; }

    public InvitedMemberView View(SubjectKey? key)
    {
        var member = Content is not null && key is not null ? InvitationRow.Open(key, Content) : null;
        var open = Status is "invited" or "claimed";
        return new(Id, Row, member is null ? null : Mask.Name(member.Name), member?.MemberNumber is { } number ? Mask.Number(number) : null, member?.Group, member?.Phone is { } phone ? Mask.Number(phone) : null,
            open && SlotStartsAt is { } slot ? Shanghai.Local(slot) : null, Status, open ? ["replace"] : []);
    }
}
