using System.ComponentModel.DataAnnotations;
using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
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

/// <summary>The slots of a drive that have not ended and who has a place in them, locked: nobody books, moves or accepts an offer while they change.</summary>
internal sealed record SlotPlaces(IReadOnlyList<SlotPlaces.SlotRow> Slots, AppointmentRow[] Booked, WaitingRow[] Offered)
{
    /// <summary>In one round trip; the drive first, as a booking does.</summary>
    public static Task<(DriveRow? Drive, SlotPlaces Places)> Lock(Transaction tx, Guid id) => tx.Read($"""
        {DriveRow.ForUpdate};
        {AppointmentRow.BookedOfDrive};
        {WaitingRow.Select} where w.drive_id = @id and w.status = 'offered' order by w.id for update of w;
        select starts_at, capacity, booked, held from event.slot where drive_id = @id and ends_at > @now order by starts_at for update
        """, new { id, now = tx.Now }, async grid =>
    {
        var drive = await grid.ReadSingleOrDefaultAsync<DriveRow>();
        var booked = (await grid.ReadAsync<AppointmentRow>()).ToArray();
        var offered = (await grid.ReadAsync<WaitingRow>()).ToArray();
        return (drive, new SlotPlaces([.. await grid.ReadAsync<SlotRow>()], booked, offered));
    });

    /// <summary>Gives the slots another capacity: refused with everybody it would take a place from, or forced. Whoever loses his booking is told with alternatives.</summary>
    public ProblemHttpResult? Cut(Transaction tx, DriveRow drive, int capacity, DateTimeOffset? only, bool force, string pointer)
    {
        var slots = Slots.Where(s => only is null || s.StartsAt == only).ToList();
        var beyond = CapacityCut.Beyond(capacity, slots.Select(s => new SlotLoad(s.StartsAt, s.Booked, s.Held)),
            [.. Booked.Where(b => !b.WalkIn).Select(b => new TakenPlace(b.Id, b.SlotStartsAt, b.BookedAt))], [.. Offered.Select(o => new TakenPlace(o.Id, o.OfferedSlot!.Value, o.JoinedAt))]);
        if (beyond.Short > 0) return Problems.CapacityBelowBookings.With($"{beyond.Short} donors have come already", new FieldError(pointer, "donors_have_come", "What was kept cannot be taken back"));
        if (!beyond.Nobody && !force)
            return Problems.CapacityBelowBookings.With("force cancels these bookings and withdraws these offers", [
                .. beyond.Bookings.Select(b => new FieldError($"appointments/{b}", "booked", "Would lose its place")), .. beyond.Offers.Select(o => new FieldError($"waitlist/{o}", "offered", "Its offer would be withdrawn"))]);

        foreach (var offer in Offered.Where(o => beyond.Offers.Contains(o.Id))) offer.Withdraw(tx).Tell(tx, "offer-withdrawn", Rules.Waitlist.ToldAt(tx.Now), Rules.Waitlist.ToldAt(tx.Now).AddDays(1));
        foreach (var booking in Booked.Where(b => beyond.Bookings.Contains(b.Id))) booking.Cancel(tx, "capacity-cut", tx.Now);
        if (beyond.Bookings.Count > 0) tx.StartJob(TellCancelled.Kind, new TellCancelled.Order(drive.Id, "capacity-cut", "capacity-cut", tx.Now));
        tx.Write("update event.slot set capacity = @capacity where drive_id = @Id and starts_at = any(@starts)", new { drive.Id, capacity, starts = slots.Select(s => s.StartsAt).ToArray() }, rows: slots.Count);
        return null;
    }

    internal sealed record SlotRow(DateTimeOffset StartsAt, int Capacity, int Booked, int Held);
}
