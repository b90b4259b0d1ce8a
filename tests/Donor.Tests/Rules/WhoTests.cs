using System.Reflection;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>Other ages, intervals by sex, volumes and no rule of 28 days: the engine knows none of the numbers of one country.</summary>
public sealed class WhoTests
{
    private const string Whole = Procedures.WholeBlood;
    private const string Platelets = Procedures.ApheresisPlatelets;
    private static readonly RuleDocument Document = Read();
    private static readonly Questionnaire Asked = new("who", "1", new(2012, 1, 1), [new("travel", "yes", "D_TRAVEL", "旅行", "Travel?"), new("ever", "yes", "D_EVER", "曾经", "Ever?")]);
    private static readonly RuleBook Book = new(1, [Document], [Asked]);
    private static readonly RuleSet Rules = Book.Near(new(2026, 1, 1));

    private static RuleDocument Read()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("who-like.json")!);
        return RuleBook.Parse(reader.ReadToEnd());
    }

    private static DateOnly D(string date) => DateOnly.Parse(date, null);

    private static string[] On(string sex, string born, string day, string procedure, params PastDonation[] donations) =>
        [.. Eligibility.Obstacles(new(D(born), sex, donations, [], donations.Length > 0 ? donations[0].On : null), procedure, Book).On(D(day)).Select(o => o.Rule)];

    [Fact]
    public void It_may_be_published() => Assert.Empty(RuleSetCheck.Errors(Document, new RuleBook(0, [], [Asked]), D("2026-01-01")));

    [Theory]
    [InlineData("2000-06-15", "2017-06-14", "A_MIN")]
    [InlineData("2000-06-15", "2017-06-15", null)]
    [InlineData("1960-06-15", "2020-06-14", null)]
    [InlineData("1960-06-15", "2020-06-15", "A_FIRST")]
    public void A_first_time_donor_is_17_to_59(string born, string day, string? rule) => Assert.Equal(rule is null ? [] : [rule], On("female", born, day, Whole));

    [Theory]
    [InlineData("2026-06-14", null)]
    [InlineData("2026-06-15", "A_MAX")]
    public void A_repeat_donor_is_at_most_65_whatever_giving_did_to_him(string day, string? rule) => Assert.Equal(rule is null ? [] : [rule], On("male", "1960-06-15", day, Whole, new PastDonation(D("2015-01-01"), Whole)));

    [Theory]
    [InlineData("male", Whole, Whole, 84)]
    [InlineData("female", Whole, Whole, 112)]
    [InlineData("female", Whole, Platelets, 28)]
    [InlineData("male", Platelets, Whole, 2)]
    [InlineData("male", Platelets, Platelets, 2)]
    public void Intervals_are_those_of_the_sex(string sex, string gave, string wants, int days)
    {
        var given = new PastDonation(D("2026-01-10"), gave);
        Assert.Single(On(sex, "1990-01-01", D("2026-01-10").AddDays(days - 1).ToString("O"), wants, given));
        Assert.Empty(On(sex, "1990-01-01", D("2026-01-10").AddDays(days).ToString("O"), wants, given));
        // and the other way: what is recorded afterwards leaves the interval to what came after it
        var back = Rules.Interval(wants, gave, sex)!.Days;
        Assert.Empty(On(sex, "1990-01-01", D("2026-01-10").AddDays(-back).ToString("O"), wants, given));
        Assert.Single(On(sex, "1990-01-01", D("2026-01-10").AddDays(1 - back).ToString("O"), wants, given));
    }

    [Fact]
    public void Only_the_days_of_a_year_count_where_no_calendar_year_is_said()
    {
        PastDonation[] four = [.. Enumerable.Range(0, 4).Select(i => new PastDonation(D("2025-02-01").AddDays(90 * i), Whole))]; // the last on 2025-10-29
        Assert.Equal(["YEAR_MEN"], On("male", "1990-01-01", "2026-01-31", Whole, four));
        Assert.Empty(On("male", "1990-01-01", "2026-02-01", Whole, four));
    }

    [Fact]
    public void Values_volumes_and_weights_are_its_own()
    {
        string[] Failing(string sex, string measure, decimal value) => [.. Checks.Judge(Rules, sex, D("2026-01-01"), new Dictionary<string, decimal> { [measure] = value }).Reasons.Select(r => r.Rule)];
        Assert.Equal(["HB_M"], Failing("male", "haemoglobinGl", 129));
        Assert.Empty(Failing("male", "haemoglobinGl", 130));
        Assert.Equal(["HB_F"], Failing("female", "haemoglobinGl", 119));
        Assert.Equal(["TEMP"], Failing("female", "temperatureC", 37.7m));
        Assert.Empty(Failing("female", "temperatureC", 37.6m)); // where the Chinese set already defers
        Assert.Empty(Failing("female", "hematocrit", 0.1m)); // it wants nothing of it, and says so
        Assert.Equal(["HBSAG"], Failing("female", "hbsagPass", 0));
        Assert.NotNull(Collection.Volume(Rules, Whole, 400, null));
        Assert.Null(Collection.Volume(Rules, Whole, 450, null));
        Assert.Null(Collection.Volume(Rules, Platelets, null, 3));
        Assert.Equal(["volume-out-of-tolerance"], Collection.Outcome(Rules, "completed", 450, 473, TimeSpan.FromMinutes(8)).Deviations);
        Assert.Empty(Collection.Outcome(Rules, "completed", 450, 472, TimeSpan.FromMinutes(8)).Deviations);
        Assert.Equal(D("2026-05-01"), Assert.Single(Asked.Judge(new Dictionary<string, string> { ["travel"] = "yes", ["ever"] = "no" }, true, Rules, D("2026-01-01")).Findings!.Deferrals).Until);
    }
}
