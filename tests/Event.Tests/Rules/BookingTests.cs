using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class BookingTests
{
    private static readonly IntervalRules Rules = new(new DateOnly(2012, 7, 1),
        [new("whole-blood", "whole-blood", 6, 0), new("apheresis-platelets", "apheresis-platelets", 0, 14), new("apheresis-platelets", "whole-blood", 0, 28), new("whole-blood", "apheresis-platelets", 3, 0)]);

    private static readonly string[] Procedures = ["whole-blood", "apheresis-platelets"];
    private static readonly DateTimeOffset Start = new(2024, 1, 1, 10, 0, 0, TimeSpan.FromHours(8));

    [Theory]
    [InlineData("2026-01-31", "2026-07-31")]
    [InlineData("2025-08-31", "2026-02-28")]
    [InlineData("2023-08-31", "2024-02-29")]
    public void Six_months_are_calendar_months_and_a_missing_day_is_the_months_last(string from, string to) =>
        Assert.Equal(DateOnly.Parse(to, null), Booking.EarliestAfter(DateOnly.Parse(from, null), "whole-blood", "whole-blood", Rules));

    [Fact]
    public void Which_of_two_bookings_was_made_first_never_matters() =>
        Prop.ForAll(Gen.Choose(0, 400).Two().SelectMany(days => Gen.Elements(Procedures).Two().Select(p => (A: days.Item1, B: days.Item2, P: p.Item1, Q: p.Item2))).ToArbitrary(), x =>
        {
            Guid mine = Some.Id();
            bool Forbidden(int day, string procedure, int otherDay, string other) => Booking.OthersForbid(mine, procedure, Start.AddDays(day), [new(Some.Id(), Some.Id(), Start.AddDays(otherDay), other)], [Rules]) is not null;
            return Forbidden(x.A, x.P, x.B, x.Q) == Forbidden(x.B, x.Q, x.A, x.P);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Moving_a_booking_further_away_never_makes_it_forbidden() =>
        Prop.ForAll(Gen.Choose(0, 400).Two().SelectMany(days => Gen.Elements(Procedures).Two().Select(p => (Gap: days.Item1, More: days.Item2, P: p.Item1, Q: p.Item2))).ToArbitrary(), x =>
        {
            Guid mine = Some.Id();
            Rejection? At(int day) => Booking.OthersForbid(mine, x.Q, Start.AddDays(day), [new(Some.Id(), Some.Id(), Start, x.P)], [Rules]);
            return At(x.Gap) is not null || At(x.Gap + x.More) is null;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_rules_of_the_later_day_decide()
    {
        IntervalRules older = new(new DateOnly(1998, 10, 1), [new("apheresis-platelets", "apheresis-platelets", 0, 28)]);
        var july2012 = new DateTimeOffset(2012, 7, 10, 9, 0, 0, TimeSpan.FromHours(8));
        OtherBooking before = new(Some.Id(), Some.Id(), july2012.AddDays(-14), "apheresis-platelets");
        Assert.Null(Booking.OthersForbid(Some.Id(), "apheresis-platelets", july2012, [before], [older, Rules]));
        Assert.NotNull(Booking.OthersForbid(Some.Id(), "apheresis-platelets", july2012.AddDays(-10), [before with { SlotStartsAt = july2012.AddDays(-24) }], [older, Rules]));
    }

    /// <summary>Versions of which a later one asks for more, or for less.</summary>
    [Fact]
    public void The_days_that_bookings_block_overlap_exactly_where_the_rule_forbids_them()
    {
        IntervalRules[] versions = [Rules, new(new DateOnly(2024, 6, 1), [new("whole-blood", "whole-blood", 4, 0), new("apheresis-platelets", "apheresis-platelets", 0, 40)]), new(new DateOnly(2024, 10, 1), [new("whole-blood", "whole-blood", 7, 3), new("whole-blood", "apheresis-platelets", 0, 5)])];
        Prop.ForAll(Gen.Choose(0, 600).Two().SelectMany(days => Gen.Elements(Procedures).Two().SelectMany(p => Gen.Choose(1, 3).Select(n => (A: days.Item1, B: days.Item2, P: p.Item1, Q: p.Item2, Versions: n)))).ToArbitrary(), x =>
        {
            var rules = versions[..x.Versions];
            var blocks = new[] { Booking.Blocks(x.P, Shanghai.DateOf(Start.AddDays(x.A)), rules), Booking.Blocks(x.Q, Shanghai.DateOf(Start.AddDays(x.B)), rules) };
            var clash = blocks[0].Any(a => blocks[1].Any(b => a.Procedure == b.Procedure && a.Side != b.Side && a.Days.Any(d => b.Days.Any(e => d.From < e.Until && e.From < d.Until))));
            return clash == Booking.OthersForbid(Some.Id(), x.P, Start.AddDays(x.A), [new(Some.Id(), Some.Id(), Start.AddDays(x.B), x.Q)], rules) is not null;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Two_bookings_of_one_day_forbid_each_other_even_where_no_interval_is_stated() =>
        Assert.Equal(Problems.AlreadyBooked, Booking.OthersForbid(Some.Id(), "whole-blood", Start, [new(Some.Id(), Some.Id(), Start.AddHours(2), "whole-blood")], [new(new DateOnly(2012, 7, 1), [])])?.Problem);

    [Fact]
    public void Without_rules_nothing_is_guessed() =>
        Assert.Equal(CommonProblems.NotYetVisible, Booking.OthersForbid(Some.Id(), "whole-blood", Start, [new(Some.Id(), Some.Id(), Start.AddYears(3), "whole-blood")], [])?.Problem);

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(9, true)]
    [InlineData(10, false)]
    public void A_window_includes_both_its_ends(int day, bool open)
    {
        var from = new DateOnly(2024, 3, 1);
        BookableDrive drive = new(Some.Id(), "open", ["whole-blood"]);
        Assert.Equal(open, Booking.DonorForbids(drive, "whole-blood", from.AddDays(day), [new("whole-blood", [new(from, from.AddDays(9))])], null) is null);
        Assert.Equal(Problems.NotEligible, Booking.DonorForbids(drive, "whole-blood", from, [new("apheresis-platelets", [new(from, null)])], null)?.Problem);
        Assert.Equal(Problems.ProcedureNotOffered, Booking.DonorForbids(drive, "apheresis-platelets", from, [], null)?.Problem);
    }

    [Theory]
    [InlineData("open", false, "slot_over")]
    [InlineData("started", false, "slot_over")]
    [InlineData("started", true, null)]
    [InlineData("closed", true, "drive_not_open")]
    [InlineData("approved", false, "drive_not_open")]
    public void A_slot_that_has_ended_is_only_backfilled(string status, bool backfill, string? code) =>
        Assert.Equal(code, Booking.SlotForbids(new(Some.Id(), status, Procedures), new(Start, Start.AddHours(1), 10, 3), backfill ? "backfill" : "booking", Start.AddHours(1))?.Problem.Code);

    [Fact]
    public void A_slot_is_bookable_until_its_last_moment_and_while_places_are_left()
    {
        BookableDrive drive = new(Some.Id(), "started", Procedures);
        Assert.Null(Booking.SlotForbids(drive, new(Start, Start.AddHours(1), 10, 9), "booking", Start.AddHours(1).AddTicks(-1)));
        Assert.Equal(Problems.SlotFull, Booking.SlotForbids(drive, new(Start, Start.AddHours(1), 10, 10), "booking", Start)?.Problem);
    }

    [Theory]
    [InlineData("2026-02-28", null)]
    [InlineData("2026-03-01", 6)]
    [InlineData("2026-03-31", 6)]
    [InlineData("2026-04-01", 4)] // its second version begins, and counts from then on
    [InlineData("2026-04-10", 4)]
    [InlineData("2026-04-11", null)] // and ends before the first would have
    [InlineData("2026-05-01", 5)] // of two profiles the stricter
    [InlineData("2026-05-02", null)]
    [InlineData("2026-07-01", 9)] // a base may limit, too
    [InlineData("2027-01-01", null)] // until its successor does not
    public void The_profile_of_the_day_limits_the_places(string date, int? most)
    {
        static DateOnly D(string date) => DateOnly.Parse(date, null);
        PlacesRule[] rules =
        [
            new("law", "base", D("2012-07-01"), null, null), new("law", "base", D("2026-07-01"), null, 9), new("new-law", "base", D("2027-01-01"), null, null),
            new("fever", "overlay", D("2026-03-01"), D("2026-05-01"), 6), new("fever", "overlay", D("2026-04-01"), D("2026-04-10"), 4),
            new("flu", "overlay", D("2026-05-01"), D("2026-05-01"), 5), new("asking", "overlay", D("2026-03-01"), D("2026-12-31"), null),
        ];
        for (var turn = 0; turn < rules.Length; turn++) Assert.Equal(most, Booking.DonorsPerSlot([.. rules[turn..], .. rules[..turn]], D(date)));
        var slot = new BookableSlot(Shanghai.StartOf(D(date)), Shanghai.StartOf(D(date)).AddHours(1), 7, 6).Under(rules);
        Assert.Equal(Math.Min(7, most ?? 7), slot.Places);
        BookableDrive drive = new(Some.Id(), "open", Procedures);
        Assert.Equal(slot.Places == 7 ? null : Problems.SlotFull, Booking.SlotForbids(drive, slot, "booking", slot.StartsAt)?.Problem);
        Assert.Null(Booking.SlotForbids(drive, slot, "backfill", slot.StartsAt)); // what took place took place
    }
}
