using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class ReconciliationTests
{
    private static readonly DateTimeOffset Taken = new(2026, 3, 10, 12, 0, 0, TimeSpan.FromHours(8));

    private static KnownBag Bag(int n, string status = "available", int holds = 0, bool mirror = false, string? group = "A+", int changedHours = -1) =>
        new(new Guid(n, 1, 2, [3, 4, 5, 6, 7, 8, 9, 10]), $"A999926{n:D6}", "D0002", "00", "red-cells-suspended", group, Taken.AddDays(20), status, holds, mirror, Taken.AddHours(changedHours));

    private static CountedBag Seen(int n, string? status = null, bool held = false, string? component = null, string? group = null, int? days = null) =>
        new($"A999926{n:D6}", "D0002", "00", status, held, component, group, days is { } d ? Taken.AddDays(d) : null);

    private static string Said(KnownBag[] here, CountedBag[] there, params string?[] unread) =>
        string.Join(", ", Reconciliation.Of(here, there, unread, Taken).Differences.Select(d => $"{d.Kind}{(d.Act is null ? "" : ":" + d.Act)}"));

    [Theory]
    [InlineData("available", null, "")]
    [InlineData("available", "available", "")]
    [InlineData("available", "reserved", "")]
    [InlineData("available", "quarantine", "stricter-there:held")]
    [InlineData("available", "discarded", "stricter-there:held")]
    [InlineData("reserved", "issued", "stricter-there:held")]
    [InlineData("quarantine", "available", "laxer-there")]
    [InlineData("quarantine", "transfused", "stricter-there:held")]
    [InlineData("expired", "available", "laxer-there")]
    [InlineData("issued", "available", "laxer-there")]
    [InlineData("discarded", "available", "laxer-there")]
    [InlineData("unaccounted", "available", "found:found")]
    [InlineData("unaccounted", null, "found:found")]
    public void What_is_said_to_be_worse_is_held_and_what_is_said_to_be_better_is_only_listed(string here, string? there, string said) => Assert.Equal(said, Said([Bag(1, here)], [Seen(1, there)]));

    [Fact]
    public void Group_component_and_expiry_differ_to_the_strict_side()
    {
        Assert.Equal("group-differs:held", Said([Bag(1)], [Seen(1, group: "B+")]));
        Assert.Equal("", Said([Bag(1, group: null)], [Seen(1, group: "B+")])); // the laboratory has not decided
        Assert.Equal("component-differs:held", Said([Bag(1)], [Seen(1, component: "plasma-frozen")]));
        Assert.Equal("expires-earlier-there:held", Said([Bag(1)], [Seen(1, days: 19)]));
        Assert.Equal("expires-later-there", Said([Bag(1)], [Seen(1, days: 21)]));
        Assert.Equal("held-there:held", Said([Bag(1)], [Seen(1, held: true)]));
        Assert.Equal("", Said([Bag(1, holds: 1)], [Seen(1, held: true)]));
        Assert.Equal("group-differs:held, expires-earlier-there", Said([Bag(1)], [Seen(1, group: "B+", days: 19)])); // one hold is enough
        Assert.Equal("group-differs", Said([Bag(1, holds: 1, mirror: true)], [Seen(1, group: "B+")])); // an open one too
    }

    [Fact]
    public void What_was_not_seen_is_unaccounted_unless_it_changed_since_is_promised_or_may_stand_in_a_row_that_could_not_be_read()
    {
        Assert.Equal("missing:unaccounted", Said([Bag(1)], []));
        Assert.Equal("changed-since", Said([Bag(1, changedHours: 1)], []));
        Assert.Equal("changed-since", Said([Bag(1, changedHours: 1)], [Seen(1, "discarded")]));
        Assert.Equal("missing:held", Said([Bag(1, "reserved")], []));
        Assert.Equal("", Said([Bag(1, "issued"), Bag(2, "unaccounted")], []));
        Assert.Equal("unreadable", Said([Bag(1)], [], "A99992600000l"));
        Assert.Equal("unreadable", Said([Bag(123456)], [], " a999926124356 "));
        Assert.Equal("missing:unaccounted", Said([Bag(123456)], [], "A999926124365", null, "A9999"));
        Assert.Equal("unknown-here", Said([], [Seen(1)]));
    }

    [Fact]
    public void Every_bag_in_hand_has_one_answer_and_none_becomes_laxer()
    {
        var cases = from here in Gen.Elements("quarantine", "available", "reserved", "issued", "expired", "returned", "discarded", "unaccounted", "consumed").ArrayOf()
                    from holds in Gen.Choose(0, 2).ArrayOf(20)
                    from seen in Gen.Elements<string?>("", null, "quarantine", "available", "reserved", "issued", "discarded", "expired").ArrayOf(20)
                    from changed in Gen.Elements(-1, -1, 1).ArrayOf(20)
                    select (here.Take(20).Select((s, i) => Bag(i, s, holds[i], holds[i] == 2, changedHours: changed[i])).ToArray(), seen.Select((s, i) => (s, i)).Where(s => s.s != "").Select(s => Seen(s.i, s.s)).ToArray());
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var (here, there) = c;
            var (differences, agreeing) = Reconciliation.Of(here, there, [], Taken);
            var counted = there.Select(t => t.Din).ToHashSet();
            var acted = differences.Where(d => d.Act is not null).ToList();
            return acted.Select(d => d.UnitId).Distinct().Count() == acted.Count // once each
                && acted.All(d => here.Single(b => b.Id == d.UnitId) is var bag && bag.ChangedAt <= Taken && (d.Act switch
                {
                    "unaccounted" => Reconciliation.InHand.Contains(bag.Status) && bag.Status != "reserved" && !counted.Contains(bag.Din),
                    "found" => bag.Status == "unaccounted" && counted.Contains(bag.Din),
                    "held" => Reconciliation.InHand.Contains(bag.Status) && !bag.MirrorHold,
                    _ => false,
                }))
                && here.Where(b => Reconciliation.InHand.Contains(b.Status) && !counted.Contains(b.Din)).All(b => differences.Count(d => d.UnitId == b.Id) == 1)
                && agreeing == there.Count(t => here.Any(b => b.Din == t.Din) && differences.All(d => d.Din != t.Din));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }
}
