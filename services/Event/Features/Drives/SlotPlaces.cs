using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Features.Invitations;
using BloodPlatform.Drives.Features.Provisional;
using BloodPlatform.Drives.Features.Sites;
using BloodPlatform.Drives.Features.Waitlist;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>The slots of a drive and who has a place in them, locked: nobody books, moves, claims or accepts an offer while they change.</summary>
/// <param name="AllSlots">Those that have ended, too: a drive that was postponed without a date gets its new one when the old is long past.</param>
internal sealed record SlotPlaces(IReadOnlyList<SlotPlaces.SlotRow> AllSlots, AppointmentRow[] Booked, WaitingRow[] Waiting, InvitationRow[] Invited, ProvisionalRow[] Provisional, string? OtherStation, SiteFacts[] Sites)
{
    /// <summary>Those that have not ended.</summary>
    public IReadOnlyList<SlotRow> Slots { get; } = [.. AllSlots.Where(s => !s.Ended)];

    /// <summary>Of those who wait, whom a place is held for.</summary>
    public WaitingRow[] Offered { get; } = [.. Waiting.Where(w => w.Status == "offered")];

    /// <summary>Of those who are invited, whom a place is kept for.</summary>
    public InvitationRow[] Kept { get; } = [.. Invited.Where(i => i.SlotStartsAt is not null)];

    /// <summary>A place is taken that can't be given back.</summary>
    public bool SomebodyHasCome => Slots.Sum(s => s.Booked) > Booked.Count(b => !b.WalkIn) || Slots.Any(s => s.WalkedIn > 0);

    /// <summary>In one round trip; the drive first, as a booking does.</summary>
    /// <param name="otherStation">Whose kind is looked up with it; its sites, and two others that it may get.</param>
    public static Task<(DriveRow? Drive, SlotPlaces Places)> Lock(Transaction tx, Guid id, Guid? otherStation = null, Guid? siteId = null, Guid? vehicleId = null) => tx.Read($"""
        {DriveRow.ForUpdate};
        {AppointmentRow.BookedOfDrive};
        {WaitingRow.OpenOfDrive};
        {InvitationRow.OpenOfDrive};
        {ProvisionalRow.Select} where p.drive_id = @id and p.status = 'held' order by p.id for update of p;
        select starts_at, capacity, booked, held, walked_in, ends_at <= @now as ended from event.slot where drive_id = @id order by starts_at for update;
        select kind from event.organisation where id = @otherStation;
        {SiteRow.OfDrive}
        """, new { id, now = tx.Now, otherStation, siteId, vehicleId }, async grid =>
    {
        var drive = await grid.ReadSingleOrDefaultAsync<DriveRow>();
        var booked = (await grid.ReadAsync<AppointmentRow>()).ToArray();
        var waiting = (await grid.ReadAsync<WaitingRow>()).ToArray();
        var invited = (await grid.ReadAsync<InvitationRow>()).ToArray();
        var provisional = (await grid.ReadAsync<ProvisionalRow>()).ToArray();
        var slots = (await grid.ReadAsync<SlotRow>()).ToList();
        return (drive, new SlotPlaces(slots, booked, waiting, invited, provisional, await grid.ReadSingleOrDefaultAsync<string>(), [.. (await grid.ReadAsync<SiteRow>()).Select(s => s.Facts)]));
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
    /// Moves the drive's slots and bookings to its new time: each keeps its place in the order of slots, and a slot its capacity. At another time
    /// nobody waits any longer, and is told; where it only ends otherwise, who waits for a slot that is gone. What the new day makes impossible is found person by person afterwards (<see cref="ReviewBookings"/>).
    /// </summary>
    /// <returns>The bookings that stay.</returns>
    public AppointmentRow[] Move(Transaction tx, DriveRow before, DriveRow after, string lostBecause, DateTimeOffset at)
    {
        var shift = after.StartsAt - before.StartsAt;
        WaitingRow[] over = shift != TimeSpan.Zero || after.Status == "postponed" ? Waiting : [.. Waiting.Where(w => w.SlotStartsAt is { } slot && !after.Plan.HasSlot(slot))];
        WaitingRow.EndAll(tx, over, at, tell: true);
        foreach (var offer in Offered.Except(over).Where(o => !after.Plan.HasSlot(o.OfferedSlot!.Value))) offer.Withdraw(tx).Tell(tx, "offer-withdrawn", Rules.Waitlist.ToldAt(tx.Now), Rules.Waitlist.ToldAt(tx.Now).AddDays(1));
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

    /// <summary>The drive is off or over: nobody waits, is invited or has a place held at it any longer.</summary>
    /// <param name="tell">Who waits, and who claimed an invitation, learns it; the others nobody knows.</param>
    public void End(Transaction tx, Guid driveId, DateTimeOffset at, bool tell)
    {
        WaitingRow.EndAll(tx, Waiting, at, tell);
        tx.WriteAny(InvitationRow.EndOfDrive, new { id = driveId, at });
        if (tell) InvitationRow.TellLapsed(tx, Invited);
        tx.WriteAny(ProvisionalRow.EndOfDrive, new { id = driveId, at });
    }

    /// <summary>Who claimed an invitation and has not booked is told as the booked are, and whose kept place has no slot any more, that it is gone; the others nobody knows.</summary>
    /// <param name="template">The text for those who keep their place, or have none to lose; null: they need not be told.</param>
    public void TellClaimed(Transaction tx, DriveRow before, DriveRow after, string? template)
    {
        var shift = after.StartsAt - before.StartsAt;
        foreach (var i in Invited.Where(i => i.Status == "claimed"))
            if (i.SlotStartsAt is { } slot && !after.Plan.HasSlot(slot + shift)) (i with { Version = i.Version + 1 }).Tell(tx, "invitation-place-withdrawn");
            else if (template is not null) (i with { Version = i.Version + (i.SlotStartsAt is null ? 0 : 1), SlotStartsAt = i.SlotStartsAt + shift }).Tell(tx, template);
    }

    internal sealed record SlotRow(DateTimeOffset StartsAt, int Capacity, int Booked, int Held, int WalkedIn, bool Ended);
}
