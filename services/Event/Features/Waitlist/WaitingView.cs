using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Projections;

namespace BloodPlatform.Drives.Features.Waitlist;

/// <summary>The place that is held, and until when.</summary>
public sealed record OfferView(DateTimeOffset SlotStartsAt, DateTimeOffset ExpiresAt);

/// <summary>An entry of the wait-list: `waiting`, `offered`, `accepted`, `expired`, `left` or `ended` (the drive is over, or he may not give then any more).</summary>
/// <param name="SlotStartsAt">Null: whichever slot becomes free.</param>
public sealed record WaitingView(Guid Id, Guid DriveId, Guid DonorId, DateTimeOffset? SlotStartsAt, string Procedure, string Channel, string Status, OfferView? Offer, Guid? AppointmentId, DateTimeOffset JoinedAt, string[] AllowedActions);

internal sealed record WaitingRow
{
    public static readonly string Select = $"""
        select w.id, w.version, w.position, w.drive_id, w.slot_starts_at, w.donor_id as recorded_for, {Persons.Of("w.donor_id")} as donor_id, w.procedure, w.channel, w.status, w.offered_slot, w.expires_at, w.appointment_id, w.joined_at, w.passed_over, d.station_id,
               coalesce((select p.apps from event.donor p where p.donor_id = {Persons.Of("w.donor_id")}), array[]::uuid[]) as apps
        from event.waiting w join event.drive d on d.id = w.drive_id
        """;

    /// <summary>Who waits at drive @id or is offered a place there, locked.</summary>
    public static readonly string OpenOfDrive = Select + " where w.drive_id = @id and w.status in ('waiting', 'offered') order by w.id for update of w";

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public long Position { get; init; }
    public required Guid DriveId { get; init; }
    public DateTimeOffset? SlotStartsAt { get; init; }
    public required Guid RecordedFor { get; init; }
    public required Guid DonorId { get; init; }
    public required string Procedure { get; init; }
    public required string Channel { get; init; }
    public required string Status { get; init; }
    public DateTimeOffset? OfferedSlot { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public Guid? AppointmentId { get; init; }
    public required DateTimeOffset JoinedAt { get; init; }

    /// <summary>Slots that became free on a day on which he may not give; the others have them.</summary>
    public DateTimeOffset[] PassedOver { get; init; } = [];
    public Guid? StationId { get; init; }
    public required Guid[] Apps { get; init; }

    /// <summary>A station sees who waits at its drives, an app those whom it acts for.</summary>
    public bool IsVisibleTo(Caller caller) => caller.Is(Roles.Station) ? StationId == caller.Tenant : caller.Is(Roles.App) && Apps.Contains(caller.Tenant);

    /// <summary>Of a slot of the drive.</summary>
    public bool WaitsFor(DateTimeOffset startsAt) => (SlotStartsAt is null || SlotStartsAt == startsAt) && !PassedOver.Contains(startsAt);

    public WaitingView View => new(Id, DriveId, DonorId, SlotStartsAt is { } slot ? Shanghai.Local(slot) : null, Procedure, Channel, Status,
        Status == "offered" ? new(Shanghai.Local(OfferedSlot!.Value), ExpiresAt!.Value) : null, AppointmentId, JoinedAt, Status switch { "offered" => ["accept", "leave"], "waiting" => ["leave"], _ => [] });

    /// <summary>Waits no longer; an open offer's place is free again.</summary>
    public WaitingRow Settle(Transaction tx, string status, Guid? appointmentId = null)
    {
        var after = this with { Version = Version + 1, Status = status, AppointmentId = appointmentId };
        tx.Write("update event.waiting set version = @Version, status = @Status, appointment_id = @AppointmentId, settled_at = @now where id = @Id", new { after.Version, after.Status, after.AppointmentId, now = tx.Now, after.Id });
        if (Status == "offered")
            tx.Write($"update event.slot set held = held - 1{(status == "accepted" ? ", booked = booked + 1" : "")} where drive_id = @DriveId and starts_at = @OfferedSlot", after);
        return after;
    }

    /// <summary>The drive is off, or at another time: nobody waits any longer. The caller holds the rows; the slots are his.</summary>
    public static void EndAll(Transaction tx, IReadOnlyCollection<WaitingRow> open, DateTimeOffset at, bool tell)
    {
        if (open.Count == 0) return;
        tx.Write("update event.waiting set version = version + 1, status = 'ended', settled_at = @at where id = any(@ids)", new { ids = open.Select(w => w.Id).ToArray(), at }, rows: open.Count);
        if (tell) foreach (var w in open) (w with { Version = w.Version + 1, Status = "ended" }).Tell(tx, "waitlist-ended", Rules.Waitlist.ToldAt(tx.Now), Rules.Waitlist.ToldAt(tx.Now).AddDays(1));
    }

    /// <summary>The place that was held is gone; he keeps his place in the line.</summary>
    public WaitingRow Withdraw(Transaction tx)
    {
        tx.Write("update event.waiting set version = version + 1, status = 'waiting', offered_slot = null, offered_at = null, expires_at = null where id = @Id", this);
        tx.Write("update event.slot set held = held - 1 where drive_id = @DriveId and starts_at = @OfferedSlot", this);
        return this with { Version = Version + 1, Status = "waiting" };
    }

    /// <summary>Asks Donor to have him told; in his sleep nobody is.</summary>
    public void Tell(Transaction tx, string template, DateTimeOffset notBefore, DateTimeOffset notAfter) => tx.Append(new NoticeRequested
    {
        Key = Id.ToString(), Version = Version, OccurredAt = tx.Now, StationId = StationId, NoticeId = tx.NewId(), DonorId = DonorId, Purpose = "waitlist", TemplateCode = template,
        References = new(DriveId: DriveId, Procedure: Procedure, On: OfferedSlot is { } slot ? Shanghai.DateOf(slot) : null, SlotStartsAt: OfferedSlot, WaitlistId: Id), NotBefore = notBefore, NotAfter = notAfter,
    });
}
