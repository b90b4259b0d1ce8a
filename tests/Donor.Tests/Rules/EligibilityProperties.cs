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
        from ml in Gen.Elements(0, 250, 400, 412, 500, 640)
        from units in Gen.Elements(1, 2)
        from deferrals in (from code in Gen.Elements("T01", "T04", "T14", "T16", "T20", "P07", "T32") from start in Gen.Choose(0, 5200) select Checks.Defer(Release.Rules, code, Epoch.AddDays(start))).ListOf().Select(l => l.Take(3))
        from reaction in Gen.Elements(true, false, false)
        select new DonorFacts(born, "female",
            [.. dates.Zip(procedures, (d, p) => new PastDonation(d, p)), .. Enumerable.Range(0, dense).Select(i => new PastDonation(Epoch.AddDays(denseFrom + (14 * i)), Procedures.ApheresisPlatelets, ml == 0 ? null : ml, units))],
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

    private static readonly DateOnly[] Probes = [.. Enumerable.Range(0, 260).Select(n => Epoch.AddDays((n * 41) - 300))];

    private static HashSet<DateOnly> OpenOn(DonorFacts donor, string procedure, RuleBook book)
    {
        var windows = Eligibility.Windows(Eligibility.Obstacles(donor, procedure, book));
        return [.. Probes.Where(day => windows.Any(w => w.From <= day && (w.To is not { } to || day <= to)))];
    }

    private static readonly Arbitrary<DeferralFact> Deferrals = (
        from rule in Gen.Elements(Release.Rules.OfKind("deferral")) from start in Gen.Choose(-100, 5400) from lifted in Gen.Choose(0, 400) from isLifted in Gen.Elements(true, false, false)
        select Checks.Defer(Release.Rules, rule.Code, Epoch.AddDays(start)) is var d && isLifted ? d with { Until = d.From.AddDays(lifted) } : Checks.Defer(Release.Rules, rule.Code, Epoch.AddDays(start))).ToArbitrary();

    [Fact]
    public void Another_deferral_never_opens_a_day() => Prop.ForAll(Donors, Deferrals, (donor, deferral) =>
    {
        foreach (var procedure in Procedures.All)
        {
            var with = OpenOn(donor with { Deferrals = [.. donor.Deferrals, deferral] }, procedure, Release.Book);
            Assert.Subset(OpenOn(donor, procedure, Release.Book), with);
            // T20 is of platelets only; what T33 names, the intervals close.
            if (procedure == Procedures.WholeBlood && deferral.Code is not ("T20" or "T33")) Assert.DoesNotContain(with, day => day >= deferral.From && (deferral.Until is not { } until || day < until));
        }
    }).QuickCheckThrowOnFailure();

    private static Rule Row(string code) => Release.Rules[code];

    private static readonly Arbitrary<RuleDocument> Versions = (
        from days in Gen.Choose(100, 5000) from months in Gen.Choose(1, 14) from days2 in Gen.Choose(1, 60) from least in Gen.Choose(16, 30) from most in Gen.Choose(40, 60) from count in Gen.Choose(1, 30) from ml in Gen.Choose(500, 12000)
        select Release.Book.Documents.Single(d => !d.IsOverlay) with
        {
            Version = "2", ValidFrom = Epoch.AddDays(days),
            Rules = [.. Release.Rules.Rules.Select(r => r.Code switch
            {
                "INTERVAL_WB_WB" => r with { Months = months }, "INTERVAL_PLT_PLT" => r with { Days = days2 }, "AGE_MIN" => r with { AtLeast = least }, "AGE_MAX_FIRST" => r with { AtMost = most }, "YEARLY_PLATELETS" => r with { Count = count },
                "YEARLY_PLATELET_PLASMA_ML" => r with { AtMost = ml }, _ => r,
            })],
        }).ToArbitrary();

    [Fact]
    public void Over_versions_each_day_is_judged_by_its_own_rules() => Prop.ForAll(Donors, Versions, (donor, version) =>
    {
        var book = Release.Book.With(version);
        foreach (var procedure in Procedures.All)
        {
            var obstacles = Eligibility.Obstacles(donor, procedure, book);
            var open = OpenOn(donor, procedure, book);
            foreach (var day in Probes.Append(version.ValidFrom).Append(version.ValidFrom.AddDays(-1)))
            {
                var standing = obstacles.On(day);
                var own = book.On(day) is { } rules ? Eligibility.Obstacles(donor, procedure, rules.Between(DateOnly.MinValue, null)).On(day).Select(o => o.Rule).Distinct().Order(StringComparer.Ordinal).ToArray() : ["RULES_IN_FORCE"];
                Assert.Equal(own, standing.Select(o => o.Rule).Distinct().Order(StringComparer.Ordinal));
                if (Probes.Contains(day)) Assert.Equal(standing.Length == 0, open.Contains(day));
            }
            // One reason is one stretch: it does not end where one version does, only to go on in the next.
            Assert.All(obstacles.Where(o => o.Until == version.ValidFrom), o => Assert.DoesNotContain(obstacles, p => (p.Rule, p.Category, p.From) == (o.Rule, o.Category, o.Until)));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_overlay_that_may_be_published_never_opens_a_day() => Prop.ForAll(Donors, Versions, Gen.Choose(0, 800).ToArbitrary(), (donor, version, length) =>
    {
        var overlay = new RuleDocument("fever", "1", version.ValidFrom, [.. version.Rules.Where(r => r.Kind is "interval" or "age" or "yearly")], version.ValidFrom.AddDays(length), "overlay", "热", "fever", version.Sources);
        var stricter = overlay with { Rules = [.. overlay.Rules.Where((_, i) => !RuleSetCheck.Errors(overlay, Release.Book, version.ValidFrom).Any(e => e.Pointer == $"/rules/{i}"))] };
        Assert.Empty(RuleSetCheck.Errors(stricter, Release.Book, version.ValidFrom));
        foreach (var procedure in Procedures.All)
        {
            var (without, with) = (OpenOn(donor, procedure, Release.Book), OpenOn(donor, procedure, Release.Book.With(stricter)));
            Assert.Subset(without, with);
            Assert.Equal(without.Where(d => d < stricter.ValidFrom || d > stricter.ValidTo).Order(), with.Where(d => d < stricter.ValidFrom || d > stricter.ValidTo).Order());
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_approval_opens_at_most_its_own_day() => Prop.ForAll(Donors, Gen.Choose(0, 5200).ToArbitrary(), (donor, offset) =>
    {
        var day = donor.Donations.LastOrDefault(d => d.Procedure == Procedures.ApheresisPlatelets) is { } last ? last.On.AddDays(offset % 20) : Epoch.AddDays(offset);
        var approved = donor with { Approvals = [new("INTERVAL_PLT_PLT_HLA", day)] };
        Assert.Equal(OpenOn(donor, Procedures.WholeBlood, Release.Book).Order(), OpenOn(approved, Procedures.WholeBlood, Release.Book).Order());
        foreach (var probe in Enumerable.Range(-20, 41).Select(n => day.AddDays(n)))
        {
            bool Open(DonorFacts facts) => Eligibility.Obstacles(facts, Procedures.ApheresisPlatelets, Release.Book).On(probe).Length == 0;
            if (probe != day) { Assert.Equal(Open(donor), Open(approved)); continue; }
            // On its day: every platelet donation is a week away or more, and nothing else forbids it.
            var near = donor.Donations.Any(d => d.Procedure == Procedures.ApheresisPlatelets && Math.Abs(d.On.DayNumber - day.DayNumber) < 7);
            Assert.Equal(!near && Eligibility.Obstacles(donor, Procedures.ApheresisPlatelets, Release.Book).On(day).All(o => o.Rule == "INTERVAL_PLT_PLT"), Open(approved));
        }
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
            (DateOnly On, int Ml)[] litres = [.. donor.Donations.Where(d => d.Procedure == procedure).Select(d => (d.On, d.Ml ?? ((d.Units ?? 1) * 250))), (day, 250)];
            if (litres.Where(d => d.On.Year == day.Year).Sum(d => d.Ml) > 10000) return false;
            foreach (var (start, _) in litres) if (start <= day && day.DayNumber - start.DayNumber < 365 && litres.Where(d => d.On >= start && d.On.DayNumber - start.DayNumber < 365).Sum(d => d.Ml) > 10000) return false;
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
