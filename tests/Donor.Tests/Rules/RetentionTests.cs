using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class RetentionTests
{
    [Theory]
    [InlineData(null, null, null)]
    [InlineData("2026-03-05", null, "2036-03-05")]
    [InlineData(null, "2026-03-05", "2036-03-05")]
    [InlineData("2026-03-05", "2026-03-04", "2036-03-05")]
    [InlineData("2026-03-05", "2027-01-01", "2037-01-01")]
    [InlineData("2024-02-29", null, "2034-02-28")]
    public void The_record_duty_runs_from_the_last_day_of_the_record(string? gave, string? deferred, string? until)
    {
        static DateOnly? Date(string? text) => text is null ? null : DateOnly.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(Date(until), Retention.Until(Date(gave), Date(deferred), RetentionRule.Shipped));
    }

    [Fact]
    public void The_duty_names_its_clause_and_how_sure_it_is() =>
        Assert.True(RetentionRule.Shipped is { Years: 10, Clause.Length: > 10, Source.Length: > 0, Confidence: "high" or "medium" or "low", Zh.Length: > 0 });

    [Fact]
    public void What_stands_remains_and_what_is_over_does_not()
    {
        DateOnly on = new(2026, 3, 5);
        DeferralFact standing = new("T14", new(2026, 1, 1), new(2027, 1, 1)), endless = new("P22", new(2020, 1, 1), null), over = new("T10", new(2026, 2, 20), on);
        // Each is kept as long as a row still counts it, and no day longer.
        PastDonation sixMonths = new(new(2025, 9, 6), Procedures.WholeBlood, 400), over6 = new(new(2025, 9, 5), Procedures.WholeBlood, 400);
        PastDonation aYear = new(on.AddDays(-364), Procedures.ApheresisPlatelets, null, 1), overAYear = new(on.AddDays(-365), Procedures.ApheresisPlatelets, null, 1);
        DonorFacts facts = new(new(1990, 1, 1), "male", [sixMonths, over6, aYear, overAYear], [standing, endless, over]);
        var remains = Retention.Remaining(facts, on, Release.Book);
        // A version that will count longer keeps them longer; one that is over keeps nothing.
        var law = Release.Book.Documents.Single(d => !d.IsOverlay);
        RuleBook Later(DateOnly from) => Release.Book.With(law with { Version = "2", ValidFrom = from, Rules = [.. law.Rules.Select(r => r.Code == "INTERVAL_WB_WB" ? r with { Months = 8 } : r)] });
        Assert.Equal([sixMonths, over6, aYear], Retention.Remaining(facts, on, Later(new(2026, 12, 1))).Donations);
        Assert.Equal([sixMonths, aYear], Retention.Remaining(facts, on, Later(new(2025, 1, 1)).With(law with { Version = "3", ValidFrom = new(2026, 3, 5) })).Donations);
        Assert.Equal([standing, endless], remains.Deferrals);
        Assert.Equal([sixMonths, aYear], remains.Donations);
        Assert.Equal([endless], remains.Missing([standing, over]));
    }

    [Fact]
    public void Stretches_are_drawn_together_so_that_their_number_does_not_show()
    {
        static Obstacle Medical(string from, string? until) => new("X", "deferral", DateOnly.Parse(from, System.Globalization.CultureInfo.InvariantCulture), until is null ? null : DateOnly.Parse(until, System.Globalization.CultureInfo.InvariantCulture));
        var covered = Eligibility.Covered([Medical("2026-02-01", "2026-02-10"), Medical("2026-01-01", "2026-02-01"), Medical("2026-01-05", "2026-01-06"), Medical("2026-03-01", "2026-03-01"), Medical("2026-04-01", null), Medical("2026-05-01", "2026-06-01")]);
        Assert.Equal([(new(2026, 1, 1), (DateOnly?)new DateOnly(2026, 2, 9)), (new(2026, 4, 1), null)], covered);
    }
}
