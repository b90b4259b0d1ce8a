using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class SeriesPlanTests
{
    private static readonly DateOnly Start = new(2026, 3, 2);

    private static readonly ExcludedDays Exams = new(Guid.Empty, "校历", "期末考试", Start.AddDays(3), Start.AddDays(5));

    [Theory]
    [InlineData(null, false, "make")]
    [InlineData("skipped", false, "make")]
    [InlineData("dropped", false, "make")]
    [InlineData("made", true, "update")]
    [InlineData("made", false, "settle")]
    [InlineData("kept", false, "settle")]
    public void A_wanted_day_gets_its_drive_once_and_what_was_changed_by_hand_stays(string? outcome, bool untouched, string act) =>
        Assert.Equal([new(Start, act, null)], SeriesPlan.Reconcile([Start], outcome is null ? [] : [new(Start, outcome, untouched)], [Exams], changed: true));

    [Theory]
    [InlineData(null, false, "skip")]
    [InlineData("skipped", false, "skip")]
    [InlineData("made", true, "drop")]
    [InlineData("made", false, "keep")]
    public void An_excluded_day_has_no_drive_unless_somebody_changed_it_and_says_why(string? outcome, bool untouched, string act) =>
        Assert.Equal([new(Start.AddDays(3), act, Exams)], SeriesPlan.Reconcile([Start.AddDays(3)], outcome is null ? [] : [new(Start.AddDays(3), outcome, untouched)], [Exams], changed: true));

    [Theory]
    [InlineData("skipped", false, "forget")]
    [InlineData("made", true, "drop")]
    [InlineData("made", false, "keep")]
    public void A_day_that_the_rule_no_longer_names_is_given_up(string outcome, bool untouched, string act) =>
        Assert.Equal([new(Start, act, null)], SeriesPlan.Reconcile([], [new(Start, outcome, untouched)], [Exams], changed: false));

    [Fact]
    public void Planning_again_does_nothing() => Prop.ForAll(Gen.Choose(0, 30).ListOf().ToArbitrary(), days =>
    {
        var wanted = days.Distinct().Order().Select(Start.AddDays).ToArray();
        var first = SeriesPlan.Reconcile(wanted, [], [Exams], changed: false);
        Assert.Equal(wanted, first.Select(a => a.Day));
        Assert.All(first, a => Assert.Equal(a.Because is null ? "make" : "skip", a.Act));
        var again = SeriesPlan.Reconcile(wanted, [.. first.Select(a => new OccurrenceState(a.Day, a.Act == "make" ? "made" : "skipped", a.Act == "make"))], [Exams], changed: false);
        Assert.All(again, a => Assert.Contains(a.Act, new[] { "settle", "skip" }));
    }).QuickCheckThrowOnFailure();
}
