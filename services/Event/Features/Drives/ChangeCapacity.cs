using System.ComponentModel.DataAnnotations;
using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Features.Invitations;
using BloodPlatform.Drives.Features.Provisional;
using BloodPlatform.Drives.Features.Sites;
using BloodPlatform.Drives.Features.Waitlist;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <param name="Capacity">Places per slot; 0 closes a single slot.</param>
/// <param name="SlotStartsAt">Of this slot only; absent: of every slot that has not ended, and of the drive.</param>
/// <param name="Force">Whoever is booked beyond it loses the place, the youngest booking first, and is told.</param>
public sealed record ChangeCapacityRequest([property: Range(0, 1000)] int Capacity, [property: StringLength(80, MinimumLength = 1)] string Reason, DateTimeOffset? SlotStartsAt = null, bool Force = false);

/// <summary>POST /v1/drives/{id}/capacity: of an approved drive. Under what is booked it is refused with the bookings it would take, or forced.</summary>
public static class ChangeCapacity
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/capacity", Handle)
        .Allow("drives", Roles.Station)
        .WithSummary("Changes how many places a drive or one of its slots has");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, ChangeCapacityRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var (before, places) = await SlotPlaces.Lock(tx, id);
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (!before.HasSlots) return Problems.StepOutOfOrder.With($"Only an approved drive has slots; the drive is {before.Status}");
            if (request is { Capacity: 0, SlotStartsAt: null }) return CommonProblems.Invalid.With("A drive without places is cancelled", new FieldError("/capacity", "zero", "Only a single slot can be closed"));
            if (request.SlotStartsAt is { } one && places.Slots.All(s => s.StartsAt != one)) return Problems.SlotUnknown.With("GET /v1/drives/{id}/slots lists them", new FieldError("/slotStartsAt", "unknown", "No slot that has not ended starts then"));
            if (places.Cut(tx, before, request.Capacity, request.SlotStartsAt, request.Force, "/capacity") is { } no) return no;

            var after = before with { Version = before.Version + 1, CapacityPerSlot = request.SlotStartsAt is null ? request.Capacity : before.CapacityPerSlot };
            tx.Write("update event.drive set version = @Version, capacity_per_slot = @CapacityPerSlot where id = @Id", after);
            var was = request.SlotStartsAt is { } slot ? places.Slots.Single(s => s.StartsAt == slot).Capacity : before.CapacityPerSlot;
            DriveChangeRow.Log(tx, caller, id, "capacityPerSlot", was.ToString(CultureInfo.InvariantCulture), request.Capacity.ToString(CultureInfo.InvariantCulture), request.Reason, request.SlotStartsAt);
            tx.Append(after.ToChanged(tx.Now));
            tx.Audit("drive.capacity", $"drive/{id}", new { request.Capacity, request.SlotStartsAt, request.Force });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}

/// <summary>The slots of a drive and who has a place in them, locked: nobody books, moves or accepts an offer while they change.</summary>
/// <param name="AllSlots">Those that have ended, too: a drive that was postponed without a date gets its new one when the old is long past.</param>
internal sealed record SlotPlaces(IReadOnlyList<SlotPlaces.SlotRow> AllSlots, AppointmentRow[] Booked, WaitingRow[] Waiting, InvitationRow[] Kept, ProvisionalRow[] Provisional, string? OtherStation, SiteFacts[] Sites)
{
    /// <summary>Those that have not ended.</summary>
    public IReadOnlyList<SlotRow> Slots { get; } = [.. AllSlots.Where(s => !s.Ended)];

    /// <summary>Of those who wait, whom a place is held for.</summary>
    public WaitingRow[] Offered { get; } = [.. Waiting.Where(w => w.Status == "offered")];

    /// <summary>A place is taken that can't be given back.</summary>
    public bool SomebodyHasCome => Slots.Sum(s => s.Booked) > Booked.Count(b => !b.WalkIn) || Slots.Any(s => s.WalkedIn > 0);

    /// <summary>In one round trip; the drive first, as a booking does.</summary>
    /// <param name="otherStation">Whose kind is looked up with it; its sites, and two others that it may get.</param>
    public static Task<(DriveRow? Drive, SlotPlaces Places)> Lock(Transaction tx, Guid id, Guid? otherStation = null, Guid? siteId = null, Guid? vehicleId = null) => tx.Read($"""
        {DriveRow.ForUpdate};
        {AppointmentRow.BookedOfDrive};
        {WaitingRow.OpenOfDrive};
        {InvitationRow.Select} where i.drive_id = @id and {InvitationRow.Holds} order by i.id for update of i;
        {ProvisionalRow.Select} where p.drive_id = @id and p.status = 'held' order by p.id for update of p;
        select starts_at, capacity, booked, held, walked_in, ends_at <= @now as ended from event.slot where drive_id = @id order by starts_at for update;
        select kind from event.organisation where id = @otherStation;
        {SiteRow.OfDrive}
        """, new { id, now = tx.Now, otherStation, siteId, vehicleId }, async grid =>
    {
        var drive = await grid.ReadSingleOrDefaultAsync<DriveRow>();
        var booked = (await grid.ReadAsync<AppointmentRow>()).ToArray();
        var waiting = (await grid.ReadAsync<WaitingRow>()).ToArray();
        var kept = (await grid.ReadAsync<InvitationRow>()).ToArray();
        var provisional = (await grid.ReadAsync<ProvisionalRow>()).ToArray();
        var slots = (await grid.ReadAsync<SlotRow>()).ToList();
        return (drive, new SlotPlaces(slots, booked, waiting, kept, provisional, await grid.ReadSingleOrDefaultAsync<string>(), [.. (await grid.ReadAsync<SiteRow>()).Select(s => s.Facts)]));
    });

    /// <summary>Gives the slots another capacity: refused with everybody it would take a place from, or forced. Whoever loses his booking is told with alternatives.</summary>
    public ProblemHttpResult? Cut(Transaction tx, DriveRow drive, int capacity, DateTimeOffset? only, bool force, string pointer)
    {
        var slots = Slots.Where(s => only is null || s.StartsAt == only).ToList();
        var beyond = CapacityCut.Beyond(capacity, slots.Select(s => new SlotLoad(s.StartsAt, s.Booked, s.Held)),
            [.. Booked.Where(b => !b.WalkIn).Select(b => new TakenPlace(b.Id, b.SlotStartsAt, b.BookedAt))], [.. Offered.Select(o => new TakenPlace(o.Id, o.OfferedSlot!.Value, o.JoinedAt)), .. Kept.Select(i => new TakenPlace(i.Id, i.SlotStartsAt!.Value, i.InvitedAt)), .. Provisional.Select(p => new TakenPlace(p.Id, p.SlotStartsAt, p.CreatedAt))]);
        if (beyond.Short > 0) return Problems.CapacityBelowBookings.With($"{beyond.Short} donors have come already", new FieldError(pointer, "donors_have_come", "What was kept cannot be taken back"));
        if (!beyond.Nobody && !force)
            return Problems.CapacityBelowBookings.With("force cancels these bookings and withdraws these offers and kept places", [
                .. beyond.Bookings.Select(b => new FieldError($"appointments/{b}", "booked", "Would lose its place")), .. Offered.Where(o => beyond.Offers.Contains(o.Id)).Select(o => new FieldError($"waitlist/{o.Id}", "offered", "Its offer would be withdrawn")),
                .. Kept.Where(i => beyond.Offers.Contains(i.Id)).Select(i => new FieldError($"invitations/{i.Id}", "kept", "Its place would no longer be kept")),
                .. Provisional.Where(p => beyond.Offers.Contains(p.Id)).Select(p => new FieldError($"provisional-bookings/{p.Id}", "held", "Its place would no longer be held"))]);

        foreach (var offer in Offered.Where(o => beyond.Offers.Contains(o.Id))) offer.Withdraw(tx).Tell(tx, "offer-withdrawn", Rules.Waitlist.ToldAt(tx.Now), Rules.Waitlist.ToldAt(tx.Now).AddDays(1));
        foreach (var invitation in Kept.Where(i => beyond.Offers.Contains(i.Id))) invitation.Unkeep(tx);
        ProvisionalRow.Lapse(tx, [.. Provisional.Where(p => beyond.Offers.Contains(p.Id))]); // whom nobody can tell: the desk has walk-in places
        foreach (var booking in Booked.Where(b => beyond.Bookings.Contains(b.Id))) booking.Cancel(tx, "capacity-cut", tx.Now);
        if (beyond.Bookings.Count > 0) tx.StartJob(TellCancelled.Kind, new TellCancelled.Order(drive.Id, "capacity-cut", "capacity-cut", tx.Now));
        tx.Write("update event.slot set capacity = @capacity where drive_id = @Id and starts_at = any(@starts)", new { drive.Id, capacity, starts = slots.Select(s => s.StartsAt).ToArray() }, rows: slots.Count);
        return null;
    }

    /// <summary>Bookings whose slot the drive has no more at its new time.</summary>
    public AppointmentRow[] WithoutSlot(DriveRow before, DriveRow after) => [.. Booked.Where(b => !after.Plan.HasSlot(b.SlotStartsAt + (after.StartsAt - before.StartsAt)))];

    /// <summary>
    /// Moves the drive's slots and bookings to its new time: each keeps its place in the order of slots, and a slot its capacity. Whoever waited waits no
    /// longer, and is told. What the new day makes impossible is found person by person afterwards (<see cref="ReviewBookings"/>).
    /// </summary>
    /// <returns>The bookings that stay.</returns>
    public AppointmentRow[] Move(Transaction tx, DriveRow before, DriveRow after, string lostBecause, DateTimeOffset at)
    {
        WaitingRow.EndAll(tx, Waiting, at);
        var shift = after.StartsAt - before.StartsAt;
        var lost = WithoutSlot(before, after);
        foreach (var appointment in lost) appointment.Cancel(tx, lostBecause, at);
        var kept = Booked.Except(lost).ToArray();
        tx.WriteAny("delete from event.slot where drive_id = @Id", after);
        tx.WriteAny(DriveRow.MakeSlots, after);
        var others = AllSlots.Where(s => s.Capacity != before.CapacityPerSlot).ToArray();
        if (others.Length > 0)
            tx.WriteAny("update event.slot s set capacity = c.capacity from unnest(@starts, @capacities) as c(starts_at, capacity) where s.drive_id = @Id and s.starts_at = c.starts_at", new { after.Id, starts = others.Select(s => s.StartsAt + shift).ToArray(), capacities = others.Select(s => s.Capacity).ToArray() });
        if (kept.Length > 0 && shift != TimeSpan.Zero)
        {
            var ids = kept.Select(b => b.Id).ToArray();
            tx.WriteAny("delete from event.booking_block where appointment_id = any(@ids)", new { ids });
            tx.Write("update event.appointment set version = version + 1, slot_starts_at = slot_starts_at + @shift, placed_at = @now where id = any(@ids)", new { ids, shift, now = tx.Now }, rows: ids.Length);
            foreach (var appointment in kept) tx.Append((appointment with { Version = appointment.Version + 1, SlotStartsAt = appointment.SlotStartsAt + shift }).ToMoved(appointment.SlotStartsAt, at));
        }
        tx.WriteAny(InvitationRow.MoveWithDrive, new { after.Id, shift, after.EndsAt });
        tx.WriteAny(ProvisionalRow.MoveWithDrive, new { after.Id, shift, at });
        tx.WriteAny(AppointmentRow.RecountSlots, new { driveId = after.Id });
        return kept;
    }

    internal sealed record SlotRow(DateTimeOffset StartsAt, int Capacity, int Booked, int Held, int WalkedIn, bool Ended);
}
