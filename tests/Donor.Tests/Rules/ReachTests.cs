using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class ReachTests
{
    private static readonly DateOnly From = new(2026, 3, 10);

    private static bool Covers(string code, string? on, string origin = "visit", string? until = null, bool ends = true)
    {
        var fact = Release.Rules.Find(code) is null ? new DeferralFact(code, From, null) : Checks.Defer(Release.Rules, code, From);
        if (until is not null) fact = fact with { Until = DateOnly.Parse(until, System.Globalization.CultureInfo.InvariantCulture) };
        if (!ends) fact = fact with { Until = null };
        return Reach.Of(fact, Release.Rules.Find(code), origin).Covers(DateOnly.Parse(on!, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("2026-03-09", false)]
    [InlineData("2026-03-10", true)]
    [InlineData("2027-03-09", true)]
    [InlineData("2027-03-10", false)]
    public void One_that_ends_reaches_from_its_first_day_to_the_day_before_its_end(string on, bool covered) => Assert.Equal(covered, Covers("T14", on));

    [Theory]
    [InlineData("P01", "visit")]
    [InlineData("T32-hbsag", "visit")]
    [InlineData("TEST_REACTIVE", "test")]
    [InlineData("EXTERNAL_HIT", "visit")]
    [InlineData("EXTERNAL_HIT", "external")]
    [InlineData("EXTERNAL_HIT", "earlier")]
    [InlineData("LATE_INFORMATION", "late-information")]
    [InlineData("a-code-nobody-knows", "earlier")]
    public void One_of_which_nobody_knows_since_when_reaches_everything(string code, string origin)
    {
        Assert.True(Covers(code, "2000-01-01", origin));
        Assert.True(Covers(code, "2099-01-01", origin));
    }

    [Fact]
    public void A_call_of_the_donor_reaches_everything_until_a_physician_has_looked()
    {
        Assert.True(Covers("T10", "2000-01-01", "late-information", ends: false));
        Assert.False(Covers("T10", "2000-01-01", "late-information", "2026-03-12"));
    }

    [Theory]
    [InlineData("T16")]
    [InlineData("T24")]
    public void One_without_a_known_end_reaches_from_its_first_day(string code)
    {
        Assert.False(Covers(code, "2026-03-09"));
        Assert.True(Covers(code, "2099-01-01"));
    }

    [Theory]
    [InlineData("P01")]
    [InlineData("EXTERNAL_HIT")]
    public void A_lifted_one_reaches_the_time_it_was_in_force(string code)
    {
        Assert.False(Covers(code, "2026-03-09", until: "2026-04-01"));
        Assert.True(Covers(code, "2026-03-31", until: "2026-04-01"));
        Assert.False(Covers(code, "2026-04-01", until: "2026-04-01"));
    }
}
