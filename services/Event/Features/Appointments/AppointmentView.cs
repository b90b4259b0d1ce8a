using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Projections;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Appointments;

public sealed record AppointmentView(Guid Id, Guid DriveId, Guid DonorId, DateTimeOffset SlotStartsAt, string Procedure, string Channel, Guid? AppealId, string Status, bool Backfilled, string? ReasonCode,
    Guid? VisitId, DateTimeOffset BookedAt, DateTimeOffset? SettledAt, string[] AllowedActions);

internal sealed record AppointmentRow
{
    /// <summary>With its drive's station, the donor who stands for whom it was booked for, and his apps.</summary>
    public static readonly string Select = $"""
        select a.id, a.version, a.drive_id, a.slot_starts_at, {Persons.Of("a.donor_id")} as donor_id, a.procedure, a.channel, a.appeal_id, a.status, a.backfilled, a.reason_code, a.visit_id, a.booked_at, a.settled_at, a.walk_in,
               d.station_id, d.status as drive_status, coalesce((select p.apps from event.donor p where p.donor_id = {Persons.Of("a.donor_id")}), array[]::uuid[]) as apps
        from event.appointment a join event.drive d on d.id = a.drive_id
        """;

    /// <summary>In the order of their ids, so that two who lock many never wait for each other crosswise.</summary>
    public static readonly string BookedOfDrive = Select + " where a.drive_id = @id and a.status = 'booked' order by a.id for update of a";

    public const string InsertRow = """
        insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, appeal_id, status, backfilled, backfill_reason, booked_at, created_at, walk_in)
        values (@Id, @Version, @DriveId, @SlotStartsAt, @donorId, @Procedure, @Channel, @AppealId, @Status, @Backfilled, @backfillReason, @BookedAt, @now, @WalkIn)
        """;

    public const string DeleteBlocks = "delete from event.booking_block where appointment_id = @Id";

    public const string InsertBlocks = "insert into event.booking_block (appointment_id, person_id, procedure, side, days) select @Id, @DonorId, b.procedure, b.side, b.days::datemultirange from unnest(@procedures, @sides, @days) as b(procedure, side, days)";

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid DriveId { get; init; }
    public required DateTimeOffset SlotStartsAt { get; init; }
    public required Guid DonorId { get; init; }
    public required string Procedure { get; init; }
    public required string Channel { get; init; }
    public Guid? AppealId { get; init; }
    public required string Status { get; init; }
    public required bool Backfilled { get; init; }
    public string? ReasonCode { get; init; }
    public Guid? VisitId { get; init; }
    public required DateTimeOffset BookedAt { get; init; }
    public DateTimeOffset? SettledAt { get; init; }
    public bool WalkIn { get; init; }
    public Guid? StationId { get; init; }
    public string? DriveStatus { get; init; }
    public required Guid[] Apps { get; init; }

    /// <summary>A station sees bookings at its drives, an app those of donors it acts for.</summary>
    public bool IsVisibleTo(Caller caller) => caller.Is(Roles.Station) ? StationId == caller.Tenant : caller.Is(Roles.App) && Apps.Contains(caller.Tenant);

    /// <summary>Why the platform itself ended a booking; whoever cancels names another reason.</summary>
    public static readonly string[] OwnReasons = ["drive-cancelled", "drive-postponed", "donor-erased", "duplicate-booking", "no_longer_bookable", "capacity-cut", "moved"];

    /// <summary>Why a station cancelled may be a deferral: an app is told the platform's own reasons only.</summary>
    public AppointmentView ViewFor(Caller caller) => new(Id, DriveId, DonorId, Shanghai.Local(SlotStartsAt), Procedure, Channel, AppealId, Status, Backfilled,
        caller.Is(Roles.App) && ReasonCode != "not-stated" && !OwnReasons.Contains(ReasonCode) ? null : ReasonCode, VisitId, BookedAt, SettledAt, Status == "booked" ? ["move", "cancel"] : []);

    /// <summary>What a drive's slots hold, from its appointments.</summary>
    public const string RecountSlots = """
        update event.slot s set booked = (select count(*) from event.appointment a where a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at and a.status <> 'cancelled' and not a.walk_in),
            walked_in = (select count(*) from event.appointment a where a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at and a.status <> 'cancelled' and a.walk_in),
            held = (select count(*) from event.waiting w where w.drive_id = s.drive_id and w.offered_slot = s.starts_at and w.status = 'offered')
                 + (select count(*) from event.invitation i where i.drive_id = s.drive_id and i.slot_starts_at = s.starts_at and i.status in ('invited', 'claimed'))
                 + (select count(*) from event.provisional_booking p where p.drive_id = s.drive_id and p.slot_starts_at = s.starts_at and p.status = 'held')
        where s.drive_id = @driveId
        """;

    /// <summary>A new booking; its place is the caller's to take.</summary>
    /// <param name="donorId">Under which it is recorded; <see cref="DonorId"/> is the person.</param>
    public void Insert(Transaction tx, Guid donorId, string? backfillReason = null)
    {
        tx.Write(InsertRow, new { Id, Version, DriveId, SlotStartsAt, donorId, Procedure, Channel, AppealId, Status, Backfilled, backfillReason, BookedAt, now = tx.Now, WalkIn });
        tx.Append(ToBooked(BookedAt));
    }

    /// <summary>Gives the place back; the caller holds the row.</summary>
    public AppointmentRow Cancel(Transaction tx, string reasonCode, DateTimeOffset at)
    {
        var after = this with { Version = Version + 1, Status = "cancelled", ReasonCode = reasonCode, SettledAt = at };
        tx.Write("update event.appointment set version = @Version, status = @Status, reason_code = @ReasonCode, settled_at = @SettledAt where id = @Id", after);
        tx.WriteAny(DeleteBlocks, after);
        tx.Write($"update event.slot set {(WalkIn ? "walked_in = walked_in - 1" : "booked = booked - 1")} where drive_id = @DriveId and starts_at = @SlotStartsAt", after);
        tx.Append(after.ToCancelled(reasonCode, at));
        return after;
    }

    /// <summary>The days it takes of its person; replaces those it took before.</summary>
    public void Block(Transaction tx, IReadOnlyCollection<IntervalRules> rules)
    {
        tx.WriteAny(DeleteBlocks, this);
        var blocks = Booking.Blocks(Procedure, Shanghai.DateOf(SlotStartsAt), rules);
        if (blocks.Count == 0) return;
        tx.Write(InsertBlocks,
            new { Id, DonorId, procedures = blocks.Select(b => b.Procedure).ToArray(), sides = blocks.Select(b => b.Side).ToArray(), days = blocks.Select(b => b.Multirange).ToArray() }, rows: blocks.Count);
    }

    /// <summary>Asks Donor to have him told, who knows whether and how he may be.</summary>
    public void Tell(Transaction tx, string template, Guid[]? alternatives = null, string purpose = "booking") => tx.Append(new NoticeRequested
    {
        Key = Id.ToString(), Version = Version, OccurredAt = tx.Now, StationId = StationId, NoticeId = tx.NewId(), DonorId = DonorId, Purpose = purpose, TemplateCode = template,
        References = new(DriveId: DriveId, AppealId: AppealId, Procedure: Procedure, On: Shanghai.DateOf(SlotStartsAt), AppointmentId: Id, SlotStartsAt: SlotStartsAt, AlternativeDriveIds: alternatives),
        NotBefore = tx.Now, NotAfter = SlotStartsAt > tx.Now ? SlotStartsAt : tx.Now.AddDays(1),
    });

    /// <summary>Ends every booking of a drive that will not take place as planned; the caller holds the drive and these rows.</summary>
    public static void CancelAll(Transaction tx, Guid driveId, AppointmentRow[] booked, string reasonCode, DateTimeOffset at)
    {
        if (booked.Length > 0) tx.Write("update event.appointment set version = version + 1, status = 'cancelled', reason_code = @reasonCode, settled_at = @at where drive_id = @driveId and status = 'booked'", new { driveId, reasonCode, at }, rows: booked.Length);
        tx.WriteAny(RecountSlots, new { driveId });
        tx.WriteAny("delete from event.booking_block where appointment_id = any(@ids)", new { ids = booked.Select(b => b.Id).ToArray() });
        foreach (var appointment in booked) tx.Append((appointment with { Version = appointment.Version + 1 }).ToCancelled(reasonCode, at));
    }

    public AppointmentBooked ToBooked(DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at, StationId = StationId, AppointmentId = Id, DonorId = DonorId, DriveId = DriveId,
        SlotStartsAt = SlotStartsAt, Procedure = Procedure, Channel = Channel, AppealId = AppealId, Backfilled = Backfilled,
    };

    public AppointmentMoved ToMoved(DateTimeOffset previousSlot, DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at, StationId = StationId, AppointmentId = Id, DonorId = DonorId, DriveId = DriveId,
        SlotStartsAt = SlotStartsAt, PreviousSlotStartsAt = previousSlot, Procedure = Procedure, Channel = Channel, AppealId = AppealId, Backfilled = Backfilled,
    };

    public AppointmentCancelled ToCancelled(string reasonCode, DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at, StationId = StationId, AppointmentId = Id, DonorId = DonorId, DriveId = DriveId,
        SlotStartsAt = SlotStartsAt, Procedure = Procedure, Channel = Channel, AppealId = AppealId, Backfilled = Backfilled, ReasonCode = reasonCode,
    };

    public AppointmentMissed ToMissed(DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at, StationId = StationId, AppointmentId = Id, DonorId = DonorId, DriveId = DriveId,
        SlotStartsAt = SlotStartsAt, Procedure = Procedure, Channel = Channel, AppealId = AppealId, Backfilled = Backfilled,
    };

    public AppointmentArrived ToArrived(DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at, StationId = StationId, AppointmentId = Id, DonorId = DonorId, DriveId = DriveId,
        SlotStartsAt = SlotStartsAt, Procedure = Procedure, Channel = Channel, AppealId = AppealId, Backfilled = Backfilled,
    };
}
