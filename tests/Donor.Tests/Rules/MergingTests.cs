using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class MergingTests
{
    private static readonly DateOnly Epoch = new(2012, 7, 1);

    /// <summary>Several registrations of one person: the same birth date and sex, everything else as it comes.</summary>
    private static readonly Arbitrary<DonorFacts[]> Registrations = (
        from born in Gen.Choose(0, 366 * 40).Select(n => new DateOnly(1952, 1, 1).AddDays(n))
        from histories in (
            from dates in Gen.Choose(0, 5200).Select(n => Epoch.AddDays(n)).ListOf().Select(l => l.Take(4).ToList())
            from procedures in Gen.Elements(Procedures.All).ListOf(4)
            from deferrals in (from code in Gen.Elements("T01", "T04", "T14", "T20", "P07") from start in Gen.Choose(0, 5200) select Checks.Defer(Release.Rules, code, Epoch.AddDays(start))).ListOf().Select(l => l.Take(3).ToList())
            from reaction in Gen.Elements(true, false, false)
            select (dates, procedures, deferrals, reaction)).ListOf(3)
        select histories.Select(h => new DonorFacts(born, "female", [.. h.dates.Zip(h.procedures, (d, p) => new PastDonation(d, p))], [.. h.deferrals], h.reaction && h.dates.Count > 0 ? h.dates.Min() : null)).ToArray()).ToArbitrary();

    private static readonly DateOnly[] Days = [.. Enumerable.Range(0, 400).Select(n => Epoch.AddDays(n * 17))];

    private static string[] Closed(DonorFacts facts, string procedure) => [.. Eligibility.Windows(Eligibility.Obstacles(facts, procedure, Release.Rules)).Select(w => $"{w.From:O}/{w.To:O}")];

    [Fact]
    public void Merging_is_order_independent() => Prop.ForAll(Registrations, r =>
    {
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        foreach (var procedure in Procedures.All)
        {
            var expected = Closed(Merging.Together(r), procedure);
            foreach (var o in orders)
            {
                Assert.Equal(expected, Closed(Merging.Together([Merging.Together([r[o[0]], r[o[1]]]), r[o[2]]]), procedure)); // (A into B) into C
                Assert.Equal(expected, Closed(Merging.Together([r[o[0]], Merging.Together([r[o[1]], r[o[2]]])]), procedure)); // A into (B into C)
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Together_no_date_is_open_that_the_history_of_either_closes() => Prop.ForAll(Registrations, r =>
    {
        var together = Merging.Together(r);
        foreach (var procedure in Procedures.All)
            foreach (var day in Days)
                foreach (var alone in r)
                {
                    // That somebody never gave under one of his ids is no history: who gave under the other is no first-time donor.
                    var closes = Eligibility.Obstacles(alone, procedure, Release.Rules).On(day).Where(o => o.Rule != "AGE_MAX_FIRST" || alone.Donations.Any(d => d.On < day));
                    if (closes.Any()) Assert.True(Eligibility.Obstacles(together, procedure, Release.Rules).On(day).Length > 0, $"{procedure} {day:O}: {string.Join(' ', closes)}");
                }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Together_means_every_donation_deferral_and_the_first_reaction()
    {
        DonorFacts one = new(new(1990, 1, 1), "male", [new(new(2024, 5, 1), "whole-blood")], [new("T01", new(2024, 6, 1), new(2024, 6, 4))], new(2024, 5, 1));
        DonorFacts other = new(new(1990, 1, 1), "male", [new(new(2023, 5, 1), "whole-blood")], [new("P07", new(2023, 6, 1), null)], new(2023, 5, 1));
        var together = Merging.Together([one, other]);
        Assert.Equal([new(2023, 5, 1), new(2024, 5, 1)], together.Donations.Select(d => d.On));
        Assert.Equal(["P07", "T01"], together.Deferrals.Select(d => d.Code));
        Assert.Equal(new DateOnly(2023, 5, 1), together.FirstReaction);
    }

    [Fact]
    public void Of_each_consent_stands_what_was_said_last()
    {
        static DateTimeOffset Day(int day) => new(2026, 1, day, 0, 0, 0, TimeSpan.Zero);
        var standing = Merging.Consents([new("contact", 1, Day(1), null), new("contact", 1, Day(2), Day(5)), new("registration", 1, Day(3), null), new("honours-publication", 1, Day(1), Day(2)), new("honours-publication", 2, Day(4), null)]);
        Assert.Equal([("contact", (DateTimeOffset?)Day(5)), ("honours-publication", null), ("registration", null)], standing.Select(c => (c.Code, c.Withdrawn)));
    }

    [Fact]
    public void What_falls_on_one_day_stands_in_one_order_whoever_comes_first()
    {
        DateOnly day = new(2024, 5, 1);
        PastDonation platelets = new(day, "apheresis-platelets", Units: 1), blood = new(day, "whole-blood"), attempt = new(day, "whole-blood", Attempt: true);
        DeferralFact shorter = new("T14", day, new(2025, 5, 1)), endless = new("T14", day, null), other = new("T20", day, new(2024, 6, 1));
        Approval anApproval = new("INT_WB_WB", day), another = new("INT_WB_PLT", day), later = new("INT_WB_PLT", day.AddDays(1));
        DonorFacts one = new(new(1990, 1, 1), "male", [attempt, platelets], [endless, other], null, [later, anApproval]);
        DonorFacts two = new(new(1990, 1, 1), "male", [blood], [shorter], null, [another]);
        foreach (var together in new[] { Merging.Together([one, two]), Merging.Together([two, one]) })
        {
            Assert.Equal([platelets, blood, attempt], together.Donations);
            Assert.Equal([shorter, endless, other], together.Deferrals);
            Assert.Equal([another, anApproval, later], together.Approvals!);
        }
        Assert.Same(one, Merging.Together([one]));
        Assert.Empty(Merging.Together([one with { Approvals = null }, two with { Approvals = null }]).Approvals!);
    }

    [Fact]
    public void Of_what_was_said_of_a_consent_at_one_moment_the_newer_text_stands_and_who_agrees_anew_has_agreed()
    {
        static DateTimeOffset Day(int day) => new(2026, 1, day, 0, 0, 0, TimeSpan.Zero);
        DonorConsent given = new("contact", 1, Day(2), null), withdrawn = new("contact", 1, Day(1), Day(2)), newer = new("contact", 2, Day(2), null);
        foreach (var said in new[] { new[] { given, newer }, [newer, given] }) Assert.Equal(newer, Merging.Consents(said).Single());
        foreach (var said in new[] { new[] { given, withdrawn }, [withdrawn, given] }) Assert.Equal(given, Merging.Consents(said).Single());
    }

    public static TheoryData<Registration, Registration, string> Refused
    {
        get
        {
            Registration good = new(Some.Id(), "active", new(1990, 1, 1), "male", "O+", false);
            return new()
            {
                { good with { Status = "merged" }, good, "donor_merged /survivor" }, { good, good with { Status = "merged" }, "donor_merged /absorbed" },
                { good with { Status = "restricted" }, good, "donor_not_active /survivor" }, { good, good with { Status = "erased" }, "donor_not_active /absorbed" },
                { good with { VisitOpen = true }, good, "visit_open /survivor" }, { good, good with { VisitOpen = true }, "visit_open /absorbed" },
                { good, good with { BirthDate = new(1990, 1, 2) }, "donors_differ /absorbed/birthDate" }, { good, good with { Sex = "female" }, "donors_differ /absorbed/sex" },
                { good, good with { BloodGroup = "O-", Sex = "female" }, "donors_differ /absorbed/sex /absorbed/bloodGroup" },
            };
        }
    }

    [Theory, MemberData(nameof(Refused))]
    public void What_can_be_no_one_person_is_not_merged(Registration survivor, Registration absorbed, string expected)
    {
        var no = Merging.Forbids(survivor, absorbed)!;
        Assert.Equal(expected, $"{no.Problem.Code} {string.Join(' ', no.Errors.Select(e => e.Pointer))}");
    }

    [Fact]
    public void An_unknown_blood_group_contradicts_nothing()
    {
        Registration one = new(Some.Id(), "active", new(1990, 1, 1), "male", "O+", false);
        Assert.Null(Merging.Forbids(one, one with { BloodGroup = null }));
    }

    [Fact]
    public void Under_a_donor_are_those_merged_into_him_and_into_these()
    {
        Guid a = Some.Id(), b = Some.Id(), c = Some.Id(), d = Some.Id();
        (Guid, Guid?)[] registrations = [(a, b), (b, c), (c, null), (d, c)];
        Assert.Equal(new HashSet<Guid> { a, b }, Merging.Under(b, registrations));
        Assert.Equal(new HashSet<Guid> { a, b, c, d }, Merging.Under(c, registrations));
        Assert.Equal([a], Merging.Under(a, registrations));
    }
}
