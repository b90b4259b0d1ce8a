using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class CapacityCutTests
{
    private static readonly DateTimeOffset Nine = new(2026, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));

    [Fact]
    public void What_stays_fits_offers_go_first_and_nobody_goes_before_a_younger_one() => Prop.ForAll<(byte, byte, byte, byte)>(x => Holds(x.Item1, x.Item2, x.Item3, x.Item4)).QuickCheckThrowOnFailure();

    private static void Holds(byte arrived, byte booked, byte held, byte capacity)
    {
        var (came, bookings, offers) = (arrived % 4, Places(booked % 6), Places(held % 4));
        var beyond = CapacityCut.Beyond(capacity % 12, [new(Nine, came + bookings.Length, offers.Length)], bookings, offers);
        Assert.Equal(Math.Max(0, came - capacity % 12), beyond.Short);
        Assert.Equal(Math.Min(came + bookings.Length + offers.Length, Math.Max(came, capacity % 12)), came + bookings.Length + offers.Length - beyond.Bookings.Count - beyond.Offers.Count);
        if (beyond.Bookings.Count > 0) Assert.Equal(offers.Length, beyond.Offers.Count);
        foreach (var (all, lost) in new[] { (bookings, beyond.Bookings), (offers, beyond.Offers) })
            Assert.Equal(all.OrderByDescending(p => p.Since).Take(lost.Count).Select(p => p.Id), lost);
    }

    [Fact]
    public void Each_slot_gives_back_its_own()
    {
        TakenPlace[] bookings = [new(Some.Id(), Nine, Nine.AddDays(-2)), new(Some.Id(), Nine.AddHours(1), Nine.AddDays(-3)), new(Some.Id(), Nine.AddHours(1), Nine.AddDays(-1))];
        var beyond = CapacityCut.Beyond(1, [new(Nine, 1, 0), new(Nine.AddHours(1), 2, 0)], bookings, []);
        Assert.Equal([bookings[2].Id], beyond.Bookings);
    }

    private static TakenPlace[] Places(int count) => [.. Enumerable.Range(0, count).Select(i => new TakenPlace(Some.Id(), Nine, Nine.AddMinutes(-count + i)))];
}
