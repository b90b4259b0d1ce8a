using BloodPlatform.Donors.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>Windows against a second engine that judges one day by counting, written from the standard's words and sharing nothing with the first.</summary>
public sealed class EligibilityProperties
{
    private static readonly DateOnly Epoch = new(2012, 7, 1);

    private static readonly Arbitrary<DonorFacts> Donors = (
        from born in Gen.Choose(0, 366 * 40).Select(n => new DateOnly(1952, 1, 1).AddDays(n))
        from dates in Gen.Choose(0, 5200).Select(n => Epoch.AddDays(n)).ListOf().Select(l => l.Take(6))
        from procedures in Gen.Elements(Procedures.All).ListOf(6)
        from dense in Gen.Elements(0, 0, 0, 23, 24, 26)
        from denseFrom in Gen.Choose(0, 5000)
        from deferrals in (from code in Gen.Elements("T01", "T04", "T14", "T16", "T20", "P07", "T32") from start in Gen.Choose(0, 5200) select Checks.Defer(Release.Rules, code, Epoch.AddDays(start))).ListOf().Select(l => l.Take(3))
        from reaction in Gen.Elements(true, false, false)
        select new DonorFacts(born, "female",
            [.. dates.Zip(procedures, (d, p) => new PastDonation(d, p)), .. Enumerable.Range(0, dense).Select(i => new PastDonation(Epoch.AddDays(denseFrom + (14 * i)), Procedures.ApheresisPlatelets))],
            [.. deferrals], reaction && dates.Any() ? dates.Min() : null)).ToArbitrary();

    [Fact]
    public void Windows_hold_exactly_the_days_that_the_standard_allows() => Prop.ForAll(Donors, donor =>
    {
        foreach (var procedure in Procedures.All)
        {
            var windows = Eligibility.Windows(Eligibility.Obstacles(donor, procedure, Release.Rules));
            for (var i = 1; i < windows.Count; i++) Assert.True(windows[i - 1].To < windows[i].From.AddDays(-1)); // in order, apart
            // Each edge and its neighbour, and days between: what is open must be allowed, what is not must not.
            var probes = windows.SelectMany(w => new[] { w.From.AddDays(-1), w.From, w.To ?? w.From, (w.To ?? w.From).AddDays(1) }).Concat(Enumerable.Range(0, 200).Select(n => Epoch.AddDays((n * 97) - 400)));
            foreach (var day in probes)
                Assert.True(windows.Any(w => w.From <= day && (w.To is not { } to || day <= to)) == Allowed(donor, procedure, day), $"{procedure} {day:O} {donor.BirthDate:O} [{string.Join(' ', donor.Donations.Select(d => $"{d.On:O}/{d.Procedure}"))}] [{string.Join(' ', donor.Deferrals)}] {donor.FirstReaction:O}");
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_first_open_day_is_open_and_none_before_it_is() => Prop.ForAll(Donors, Gen.Choose(-200, 5500).ToArbitrary(), (donor, offset) =>
    {
        var obstacles = Eligibility.Obstacles(donor, Procedures.WholeBlood, Release.Rules);
        var from = Epoch.AddDays(offset);
        var first = obstacles.FirstOpen(from);
        if (first is { } open) Assert.Empty(obstacles.On(open));
        for (var day = from; day < (first ?? from.AddDays(400)); day = day.AddDays(1)) Assert.NotEmpty(obstacles.On(day));
    }).QuickCheckThrowOnFailure();

    private static bool Allowed(DonorFacts donor, string procedure, DateOnly day)
    {
        if (day < Epoch) return false;
        var age = CompletedYears(donor.BirthDate, day);
        if (age < 18 || age > 60) return false;
        var gaveBefore = donor.Donations.Any(d => d.On < day);
        if (age > 55 && (!gaveBefore || (donor.FirstReaction is { } harmed && harmed < day))) return false;
        foreach (var (on, other) in donor.Donations.Select(d => (d.On, d.Procedure)))
        {
            if (on <= day && Next(on, other, procedure) > day) return false;
            if (day <= on && Next(day, procedure, other) > on) return false;
        }
        if (procedure == Procedures.ApheresisPlatelets)
        {
            DateOnly[] with = [.. donor.Donations.Where(d => d.Procedure == procedure).Select(d => d.On), day];
            if (with.Count(d => d.Year == day.Year) > 24) return false;
            foreach (var start in with) if (start <= day && day.DayNumber - start.DayNumber < 365 && with.Count(d => d >= start && d.DayNumber - start.DayNumber < 365) > 24) return false;
        }
        return donor.Deferrals.All(d => day < d.From || (d.Until is { } until && day >= until) || (d.Code == "T20" && procedure == Procedures.WholeBlood));
    }

    private static int CompletedYears(DateOnly born, DateOnly day)
    {
        var years = day.Year - born.Year;
        return (day.Month, day.Day).CompareTo((born.Month, born.Day)) < 0 ? years - 1 : years;
    }

    private static DateOnly Next(DateOnly on, string gave, string wants) => (gave, wants) switch
    {
        (Procedures.WholeBlood, Procedures.WholeBlood) => on.AddMonths(6),
        (Procedures.WholeBlood, _) => on.AddMonths(3),
        (_, Procedures.WholeBlood) => on.AddDays(28),
        _ => on.AddDays(14),
    };
}
