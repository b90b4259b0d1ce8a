using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>Which version and which overlay holds on which day.</summary>
public sealed class RuleBookTests
{
    private static readonly RuleDocument Base = Release.Book.Documents.Single(d => !d.IsOverlay);
    private static readonly DonorFacts Somebody = new(new(1990, 5, 20), "male", [new(D("2026-01-31"), Procedures.WholeBlood)], []);

    private static DateOnly D(string date) => DateOnly.Parse(date, null);

    private static RuleDocument Next(string version, string from, Func<Rule, Rule>? change = null) => Base with { Version = version, ValidFrom = D(from), Rules = [.. Base.Rules.Select(change ?? (r => r))] };

    private static RuleDocument Overlay(string version, string from, string to, params Rule[] rules) => new("fever", version, D(from), rules, D(to), "overlay", "热", "fever", Questions: [new("area", "yes", "E1", "疫区？", "Area?")], Limits: new(4));

    private static Rule Stay(int days) => new("E1", "deferral", "deferral", "c", "s", "low", "z", "e", Days: days);

    private static RuleBook Of(params RuleDocument[] documents) => new(9, documents, Release.Book.Questionnaires);

    [Fact]
    public void Versions_follow_each_other_from_their_first_days()
    {
        var book = Of(Base, Next("2", "2026-07-01"), Next("3", "2027-01-01") with { ValidTo = D("2027-12-31") });
        Assert.Equal(["", "1", "1", "2", "2", "3", "3", ""], new[] { "2012-06-30", "2012-07-01", "2026-06-30", "2026-07-01", "2026-12-31", "2027-01-01", "2027-12-31", "2028-01-01" }.Select(d => book.On(D(d))?.Version ?? ""));
        Assert.Equal(["1", "3"], new[] { book.Near(D("1990-01-01")).Version, book.Near(D("2030-01-01")).Version });
        Assert.Equal(["RULES_IN_FORCE"], Eligibility.Obstacles(Somebody, Procedures.WholeBlood, book).On(D("2028-01-01")).Select(o => o.Rule));
        Assert.Null(Eligibility.Obstacles(Somebody, Procedures.WholeBlood, book).FirstOpen(D("2028-01-01")));
        Assert.Single(book.Life); // they decide alike about dates, so windows are computed once
    }

    [Fact]
    public void A_later_version_is_asked_about_its_own_days_only()
    {
        var book = Of(Base, Next("2", "2026-07-15", r => r.Code == "INTERVAL_WB_WB" ? r with { Months = 12 } : r));
        Assert.Equal(2, book.Life.Count);
        var obstacles = Eligibility.Obstacles(Somebody, Procedures.WholeBlood, book);
        // To 2026-07-14 by six months, from then on by twelve: one reason that lasts from the donation on.
        Assert.Equal(D("2027-01-31"), Assert.Single(obstacles.On(D("2026-03-01"))).Until);
        Assert.Equal(D("2027-01-31"), obstacles.FirstOpen(D("2026-03-01")));
        var earlier = Of(Base, Next("2", "2026-08-15", r => r.Code == "INTERVAL_WB_WB" ? r with { Months = 12 } : r));
        Assert.Equal([(D("2026-07-31"), D("2026-08-14")), (D("2027-01-31"), D("2046-05-19"))], [.. Eligibility.Windows(Eligibility.Obstacles(Somebody with { BirthDate = D("1985-05-20") }, Procedures.WholeBlood, earlier)).Where(w => w.From > D("2026-01-01"))]);
    }

    [Fact]
    public void An_overlay_lies_over_its_days_and_its_last_version_counts()
    {
        var book = Of(Base, Overlay("1", "2026-02-01", "2026-06-30", Stay(10)), Overlay("2", "2026-04-01", "2026-05-31", Stay(28)));
        Assert.Equal(["1", "1+fever.1", "1+fever.1", "1+fever.2", "1+fever.2", "1"], new[] { "2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01", "2026-05-31", "2026-06-01" }.Select(d => book.On(D(d))!.Version));
        Assert.Equal([null, 10, 28], new[] { "2026-01-31", "2026-02-01", "2026-04-01" }.Select(d => book.On(D(d))!.Find("E1")?.Days));
        Assert.Equal([null, 4], new[] { "2026-01-31", "2026-02-01" }.Select(d => book.On(D(d))!.Limits.DonorsPerSlot));
        Assert.Equal(["1", "1+fever.1", "1+fever.2", "1"], new[] { "2026-01-31", "2026-02-01", "2026-04-01", "2026-06-01" }.Select(d => book.QuestionnaireOn(D(d)).Version));
        Assert.Contains("area", book.QuestionnaireOn(D("2026-02-01")).Questions.Select(q => q.Code));
        Assert.Single(book.Life); // it moves no date
    }

    [Fact]
    public void What_was_judged_by_is_found_again_whatever_came_later()
    {
        var book = Of(Base, Overlay("1", "2026-02-01", "2026-06-30", Stay(10)), Next("2", "2026-03-01", r => r.Code == "AGE_MIN" ? r with { AtLeast = 20 } : r));
        Assert.Equal((18, 10), (book.Version(Base.Code, "1+fever.1")["AGE_MIN"].AtLeast, book.Version(Base.Code, "1+fever.1")["E1"].Days));
        Assert.Equal(20, book.On(D("2026-03-01"))!["AGE_MIN"].AtLeast);
        Assert.Same(book.Version(Base.Code, "2"), book.Version(Base.Code, "2"));
        Assert.Throws<InvalidOperationException>(() => book.Version(Base.Code, "7"));
        Assert.Equal("1+fever.1", book.Questionnaire("cn-donor-health", "1+fever.1")!.Version);
        Assert.Null(book.Questionnaire("cn-donor-health", "2"));
        Assert.Null(book.Questionnaire("cn-donor-health", "1+fever.2"));
        Assert.Null(book.Questionnaire("another", "1"));
    }

    [Fact]
    public void The_epidemic_of_the_release_is_over_and_was_stricter()
    {
        Assert.Equal("1+cn-epidemic-2021.1", Release.Book.On(D("2021-03-29"))!.Version);
        Assert.Equal("1+cn-epidemic-2021.1", Release.Book.On(D("2023-01-07"))!.Version);
        Assert.Equal(["1", "1"], new[] { "2021-03-28", "2023-01-08" }.Select(d => Release.Book.On(D(d))!.Version));
        Assert.Equal([7, 0], new[] { Release.Rules["T31-infection"].Days, Release.Book.On(D("2022-01-01"))!["T31-infection"].Days });
        Assert.Equal((6, 3), (Release.Book.On(D("2022-01-01"))!["T31-infection"].Months, Release.Book.QuestionnaireOn(D("2022-01-01")).Questions.Length - Release.Book.QuestionnaireOn(D("2024-01-01")).Questions.Length));
        Assert.Single(Release.Book.Life);
    }

    [Fact]
    public void The_releases_own_documents_could_be_published()
    {
        var before = new RuleBook(0, [], Release.Book.Questionnaires);
        foreach (var (document, _) in RuleBook.ReleaseDocuments)
        {
            Assert.Equal([], RuleSetCheck.Errors(document, before, document.ValidFrom).Select(e => $"{e.Pointer} {e.Code} {e.Detail}"));
            before = before.With(document);
        }
        Assert.Equal(2, before.Position);
    }
}
