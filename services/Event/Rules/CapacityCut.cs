namespace BloodPlatform.Drives.Rules;

/// <summary>A slot whose capacity is to change.</summary>
/// <param name="Booked">Places that are taken, whoever has come included.</param>
/// <param name="Held">Places held for open offers of the wait-list, kept for invitations, or held for whoever took them on the page of a code.</param>
public sealed record SlotLoad(DateTimeOffset StartsAt, int Booked, int Held);

/// <summary>A place that can be given back.</summary>
/// <param name="Since">When it was booked or, of an offer, joined the line: the youngest goes first.</param>
public sealed record TakenPlace(Guid Id, DateTimeOffset SlotStartsAt, DateTimeOffset Since);

/// <summary>Whom a smaller capacity would leave without a place.</summary>
/// <param name="Offers">Wait-list entries whose offer goes and invitations whose place is kept no longer, before any booking does.</param>
/// <param name="Short">Places that nobody can give back, because their donors have come.</param>
public sealed record BeyondCapacity(IReadOnlyList<Guid> Bookings, IReadOnlyList<Guid> Offers, int Short)
{
    public bool Nobody => Bookings.Count == 0 && Offers.Count == 0 && Short == 0;
}

/// <summary>Capacity under what is booked: in each slot first the offers, then the youngest bookings.</summary>
public static class CapacityCut
{
    public static BeyondCapacity Beyond(int capacity, IEnumerable<SlotLoad> slots, IReadOnlyCollection<TakenPlace> bookings, IReadOnlyCollection<TakenPlace> offers)
    {
        var (lostBookings, lostOffers, missing) = (new List<Guid>(), new List<Guid>(), 0);
        foreach (var slot in slots)
        {
            var excess = Math.Max(0, slot.Booked + slot.Held - capacity);
            var withdrawn = Youngest(offers, slot, excess);
            var cancelled = Youngest(bookings, slot, excess - withdrawn.Length);
            lostOffers.AddRange(withdrawn);
            lostBookings.AddRange(cancelled);
            missing += excess - withdrawn.Length - cancelled.Length;
        }
        return new(lostBookings, lostOffers, missing);
    }

    private static Guid[] Youngest(IEnumerable<TakenPlace> places, SlotLoad slot, int count) =>
        [.. places.Where(p => p.SlotStartsAt == slot.StartsAt).OrderByDescending(p => p.Since).ThenByDescending(p => p.Id).Take(count).Select(p => p.Id)];
}
