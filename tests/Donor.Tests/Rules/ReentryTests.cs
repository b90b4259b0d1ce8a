using BloodPlatform.Donors.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class ReentryTests
{
    private static readonly DateOnly Deferred = new(2025, 8, 31);
    private static readonly Rule[] OfTest = Reentry.Criteria(Release.Rules, "P22");

    private static string? Meet(string code, DateOnly on, string? finding = null, params string[] met) =>
        Reentry.Meet(OfTest, [.. met.Select(m => new MetCriterion(m, Deferred))], Deferred, code, on, finding, new(2026, 4, 1))?.Problem.Code;

    [Fact]
    public void A_test_and_a_lasting_reason_have_their_criteria_each_with_source_and_confidence()
    {
        Assert.Equal(["REENTRY_MARKER", "REENTRY_SEROLOGY", "REENTRY_NUCLEIC_ACID", "REENTRY_PATTERN"], OfTest.Select(r => r.Code));
        Assert.Equal(OfTest.Select(r => r.Code), Reentry.Criteria(Release.Rules, "T32-hbsag").Select(r => r.Code));
        Assert.Equal(OfTest.Select(r => r.Code), Reentry.Criteria(Release.Rules, "a-code-nobody-knows").Select(r => r.Code));
        Assert.Equal("REENTRY_ALT", Assert.Single(Reentry.Criteria(Release.Rules, "T32-alt")).Code);
        foreach (var lasting in Release.Rules.OfKind("deferral").Where(r => r is { Permanent: true, TestDerived: false })) Assert.Equal("REENTRY_CAUSE_EXCLUDED", Assert.Single(Reentry.Criteria(Release.Rules, lasting.Code)).Code);
        Assert.Empty(Reentry.Criteria(Release.Rules, "T01"));
        Assert.All(Release.Rules.OfKind("reentry"), r => Assert.True(r is { Source.Length: > 0, Clause.Length: > 0, Confidence: "low" }));
    }

    [Theory]
    [InlineData("2026-02-27", "criterion_too_early")]
    [InlineData("2026-02-28", null)] // 31 August and six calendar months, clamped
    [InlineData("2026-04-01", null)]
    [InlineData("2026-04-02", "invalid_value")]
    public void A_criterion_is_met_from_its_date_on_and_not_in_the_future(string on, string? code) => Assert.Equal(code, Meet("REENTRY_SEROLOGY", DateOnly.Parse(on)));

    [Fact]
    public void A_pattern_is_one_of_the_accepted()
    {
        Assert.Null(Meet("REENTRY_PATTERN", new(2026, 3, 1), "anti-hbc-only"));
        Assert.Equal("invalid_value", Meet("REENTRY_PATTERN", new(2026, 3, 1), "hbsag"));
        Assert.Equal("invalid_value", Meet("REENTRY_PATTERN", new(2026, 3, 1)));
        Assert.Equal("criterion_unknown", Meet("REENTRY_ALT", new(2026, 3, 1)));
        Assert.Equal("criterion_met", Meet("REENTRY_SEROLOGY", new(2026, 3, 1), null, "REENTRY_SEROLOGY"));
    }

    [Fact]
    public void Two_signatures_count_only_when_every_criterion_is_met() => Prop.ForAll(
        (from met in Gen.SubListOf(OfTest.Select(r => r.Code).ToArray()) from signers in Gen.Choose(0, 1) select (Met: met.ToArray(), signers)).ToArbitrary(), c =>
        {
            Guid[] signers = [.. Enumerable.Range(0, c.signers).Select(n => new Guid(n + 1, 0, 0, new byte[8]))];
            var (signatures, no) = Reentry.Sign(OfTest, [.. c.Met.Select(m => new MetCriterion(m, Deferred))], signers, Guid.Empty);
            return c.Met.Length == OfTest.Length ? no is null && signatures == c.signers + 1
                : no!.Problem == Problems.CriteriaNotMet && no.Errors.Select(e => e.Pointer).SequenceEqual(OfTest.Where(r => !c.Met.Contains(r.Code)).Select(r => "/criteria/" + r.Code));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void One_person_is_not_two() =>
        Assert.Equal(Problems.SameSigner, Reentry.Sign(OfTest, [.. OfTest.Select(r => new MetCriterion(r.Code, Deferred))], [Guid.Empty], Guid.Empty).No!.Problem);
}
