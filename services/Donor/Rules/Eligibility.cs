namespace BloodPlatform.Donors.Rules;

/// <summary>What the rules must know of a donor; everything as dates of Shanghai.</summary>
/// <param name="FirstReaction">The first time giving did him harm; null when never.</param>
/// <param name="Approvals">Days on which a physician approved a shorter interval; null is none.</param>
public sealed record DonorFacts(DateOnly BirthDate, string Sex, IReadOnlyList<PastDonation> Donations, IReadOnlyList<DeferralFact> Deferrals, DateOnly? FirstReaction = null, IReadOnlyList<Approval>? Approvals = null);

/// <summary>A donation that counts for intervals and yearly limits, whenever it was recorded.</summary>
/// <param name="Ml">What was weighed, where it was.</param>
/// <param name="Units">Treatment units of an apheresis.</param>
/// <param name="Attempt">Counted as if he had given, and yet no donation of his: the needle was in and nothing was weighed, or it stands under another's name.</param>
public sealed record PastDonation(DateOnly On, string Procedure, int? Ml = null, int? Units = null, bool Attempt = false);

/// <summary>A physician's approval of an `interval-exception` for one day.</summary>
public sealed record Approval(string Rule, DateOnly On);

/// <summary>A deferral in force from a date; <paramref name="Until"/> is the first date without it, null while no end is known.</summary>
public sealed record DeferralFact(string Code, DateOnly From, DateOnly? Until);

/// <summary>A time in which a rule forbids to give. <paramref name="Until"/> is the first date on which it no longer does; null is never.</summary>
public sealed record Obstacle(string Rule, string Category, DateOnly From, DateOnly? Until)
{
    public bool On(DateOnly date) => date >= From && (Until is not { } end || date < end);

    /// <summary>Whether it says something about health: all such look alike to everyone but a station.</summary>
    public bool Medical => Category is not ("age" or "interval" or "rule-set");
}

/// <summary>What an app is told. `ask-station` covers every medical reason alike and bears no date.</summary>
public sealed record CoarseEligibilityView(bool Eligible, string? Category, DateOnly? EligibleFrom);

/// <param name="Code">What it is about: `age`, `interval`, `deferral`, `vitals`, …</param>
/// <param name="Rule">The rule's code in the rule set.</param>
/// <param name="Until">The first date on which this reason is gone; null where none is known.</param>
public sealed record ReasonView(string Code, string Rule, string Clause, string Message, DateOnly? Until)
{
    /// <summary>A deferral code that only its sender knows is told as a laboratory's result, which is what others send; a value that no rule judges as no finding of fitness.</summary>
    public static ReasonView Of(RuleSet rules, string code, string rule, DateOnly? until)
    {
        var text = rules.Find(rule) ?? rules[code == Checks.NotJudged ? "FIT_TO_DONATE" : "TEST_REACTIVE"];
        return new(code, rule, text.Clause, text.Text, until);
    }
}

/// <summary>
/// Who may give when. Every rule that depends on dates is an obstacle, a stretch of dates; a date is open when no obstacle
/// covers it, and windows are what the obstacles leave of a life. So the answer for a day and the windows can't disagree.
/// </summary>
public static class Eligibility
{
    /// <summary>
    /// Everything that forbids the procedure, at any time of the donor's life, by the rules of each time: what stands in the last
    /// days of one version and goes on in the first of the next is one obstacle.
    /// </summary>
    public static List<Obstacle> Obstacles(DonorFacts donor, string procedure, RuleBook book)
    {
        if (book.Life.Count == 1) return Obstacles(donor, procedure, book.Life[0]);
        var all = new List<Obstacle>();
        var covered = DateOnly.MinValue;
        foreach (var rules in book.Life)
        {
            if (rules.ValidFrom > covered) all.Add(new("RULES_IN_FORCE", "rule-set", covered, rules.ValidFrom));
            var end = rules.ValidTo?.AddDays(1);
            foreach (var obstacle in Standing(donor, procedure, rules))
            {
                var from = obstacle.From < rules.ValidFrom ? rules.ValidFrom : obstacle.From;
                var until = obstacle.Until is { } over && !(over > end) ? over : end;
                if (until <= from) continue;
                var before = all.FindIndex(o => o.Rule == obstacle.Rule && o.Category == obstacle.Category && o.Until == from);
                if (before >= 0) all[before] = all[before] with { Until = until };
                else all.Add(new(obstacle.Rule, obstacle.Category, from, until));
            }
            if (end is not { } next) return all;
            covered = next;
        }
        all.Add(new("RULES_IN_FORCE", "rule-set", covered, null));
        return all;
    }

    /// <summary>The same by one set of rules, outside whose time nothing is open.</summary>
    public static List<Obstacle> Obstacles(DonorFacts donor, string procedure, RuleSet rules)
    {
        var obstacles = new List<Obstacle> { new("RULES_IN_FORCE", "rule-set", DateOnly.MinValue, rules.ValidFrom) };
        if (rules.ValidTo is { } last) obstacles.Add(new("RULES_IN_FORCE", "rule-set", last.AddDays(1), null));
        obstacles.AddRange(Standing(donor, procedure, rules));
        return obstacles;
    }

    // Judged for every donor whenever a version is published, so written without a detour (measured: docs/decisions/0011).
    private static List<Obstacle> Standing(DonorFacts donor, string procedure, RuleSet rules)
    {
        var all = new List<Obstacle>(donor.Donations.Count + donor.Deferrals.Count + 8);
        OfAge(donor, rules, all);
        foreach (var gave in Procedures.All) OfIntervals(donor, gave, procedure, rules, all);
        foreach (var yearly in rules.OfKind("yearly")) if (yearly.Concerns(procedure)) OfYear(donor, procedure, yearly, rules, all);
        foreach (var deferral in donor.Deferrals)
        {
            var rule = rules.Find(deferral.Code);
            if (rule is not { UntilInterval: true } && rule?.Concerns(procedure) is not false) Add(all, deferral.Code, "deferral", deferral.From, deferral.Until); // the intervals say themselves what they forbid
        }
        return all;
    }

    private static void Add(List<Obstacle> all, string rule, string category, DateOnly from, DateOnly? until)
    {
        if (!(until <= from)) all.Add(new(rule, category, from, until));
    }

    /// <summary>What forbids to give on the date; empty when it is open.</summary>
    public static Obstacle[] On(this IEnumerable<Obstacle> obstacles, DateOnly date) => [.. obstacles.Where(o => o.On(date)).OrderBy(o => o.Until ?? DateOnly.MaxValue)];

    /// <summary>
    /// Components that must not be made of what the donor gives on the date, because of deferrals that forbid him another procedure: whole blood of
    /// who took aspirin makes no platelets.
    /// </summary>
    public static string[] Restrictions(DonorFacts donor, RuleSet rules, DateOnly on) =>
        [.. donor.Deferrals.Where(d => on >= d.From && (d.Until is not { } end || on < end)).SelectMany(d => rules.Find(d.Code)?.Restricts ?? []).Distinct()];

    /// <summary>The first date from a day on that the intervals and yearly limits leave open to some procedure; null where there is none.</summary>
    public static DateOnly? IntervalsOver(DonorFacts donor, RuleBook book, DateOnly from) =>
        Procedures.All.Min(procedure => Obstacles(donor, procedure, book).Where(o => o.Category == "interval").ToList().FirstOpen(from));

    /// <summary>
    /// Whoever is deferred today is `ask-station` for every later day too: else asking day after day would tell how long it lasts,
    /// and that tells a cold from a reactive test.
    /// </summary>
    public static CoarseEligibilityView Coarse(this List<Obstacle> obstacles, DateOnly on, DateOnly today)
    {
        if (obstacles.Any(o => o.Medical && (o.On(on) || o.On(today)))) return new(false, "ask-station", null);
        var standing = obstacles.On(on);
        return standing.Length == 0 ? new(true, null, null) : new(false, standing.Any(o => o.Category == "age") ? "age" : "interval", obstacles.FirstOpen(on));
    }

    /// <summary>The first open date from a date on; null when there is none in sight.</summary>
    public static DateOnly? FirstOpen(this IReadOnlyCollection<Obstacle> obstacles, DateOnly from)
    {
        for (var date = from; ;)
        {
            var standing = obstacles.On(date);
            if (standing.Length == 0) return date;
            if (standing[^1].Until is not { } end) return null;
            date = end;
        }
    }

    /// <summary>The open stretches of a life, both dates included, in order; one without end has no last date.</summary>
    public static List<(DateOnly From, DateOnly? To)> Windows(IEnumerable<Obstacle> obstacles)
    {
        var windows = new List<(DateOnly, DateOnly?)>();
        var open = DateOnly.MinValue;
        Obstacle[] inOrder = [.. obstacles];
        Array.Sort(inOrder, static (a, b) => a.From.CompareTo(b.From));
        foreach (var obstacle in inOrder)
        {
            if (obstacle.From > open) windows.Add((open, obstacle.From.AddDays(-1)));
            if (obstacle.Until is not { } end) return windows;
            if (end > open) open = end;
        }
        windows.Add((open, null));
        return windows;
    }

    /// <summary>The stretches that obstacles cover, both dates included, in order and drawn together where they touch: how many there are does not show.</summary>
    public static List<(DateOnly From, DateOnly? To)> Covered(IEnumerable<Obstacle> obstacles)
    {
        var covered = new List<(DateOnly From, DateOnly? To)>();
        foreach (var obstacle in obstacles.Where(o => !(o.Until <= o.From)).OrderBy(o => o.From))
        {
            if (covered.Count > 0 && (covered[^1].To is not { } last || last.AddDays(1) >= obstacle.From))
            {
                if (covered[^1].To is { } end && !(obstacle.Until <= end)) covered[^1] = (covered[^1].From, obstacle.Until?.AddDays(-1));
            }
            else covered.Add((obstacle.From, obstacle.Until?.AddDays(-1)));
        }
        return covered;
    }

    /// <summary>The day a year of life is completed; 29 February's is 1 March where there is none, because only then the year is full.</summary>
    public static DateOnly Birthday(DateOnly born, int years)
    {
        var day = born.AddYears(years);
        return born is { Month: 2, Day: 29 } && day.Day == 28 ? day.AddDays(1) : day;
    }

    // Ages are completed years, so "at most 55" ends with the 56th birthday. Above what a first-time donor may be, only who gave
    // before; where the rules say so, without harm.
    private static void OfAge(DonorFacts donor, RuleSet rules, List<Obstacle> all)
    {
        DateOnly Full(decimal years) => Birthday(donor.BirthDate, (int)years);
        Rule? first = null, repeat = null;
        foreach (var rule in rules.OfKind("age"))
        {
            if (!rule.ConcernsSex(donor.Sex)) continue;
            if (rule.AtLeast is { } least) Add(all, rule.Code, "age", DateOnly.MinValue, Full(least));
            if (rule.AtMost is not { } most) continue;
            if (rule.Donors == "first-time") first = rule;
            else if (rule.Donors == "repeat") repeat = rule;
            else Add(all, rule.Code, "age", Full(most + 1), null);
        }
        if (first is null)
        {
            if (repeat is not null) Add(all, repeat.Code, "age", Full(repeat.AtMost!.Value + 1), null);
            return;
        }

        var firstEnd = Full(first.AtMost!.Value + 1);
        var repeatEnd = repeat is null ? DateOnly.MaxValue : Full(repeat.AtMost!.Value + 1);
        var repeatFrom = DateOnly.MaxValue;
        foreach (var donation in donor.Donations) if (!donation.Attempt && donation.On < repeatFrom) repeatFrom = donation.On.AddDays(1);
        if (repeatFrom >= repeatEnd || repeatEnd <= firstEnd) { Add(all, first.Code, "age", firstEnd, null); return; }
        Add(all, first.Code, "age", firstEnd, repeatFrom);
        // That the years of a repeat donor are not his tells of the harm: to everyone but a station it looks like anything medical.
        if (repeat is { UnlessReaction: true } && donor.FirstReaction is { } reaction && reaction < repeatEnd) Add(all, first.Code, "reaction", reaction < firstEnd ? firstEnd : reaction.AddDays(1), repeatEnd);
        if (repeat is not null) Add(all, repeat.Code, "age", repeatEnd, null);
    }

    // A donation forbids the time behind it and the time before it: what is recorded afterwards may lie between two others. Days
    // on which a physician approved less stand open where that shorter interval is kept.
    private static void OfIntervals(DonorFacts donor, string gave, string procedure, RuleSet rules, List<Obstacle> all)
    {
        var (after, before) = (rules.Interval(gave, procedure, donor.Sex), rules.Interval(procedure, gave, donor.Sex));
        if ((after ?? before) is not { } rule) return;
        foreach (var donation in donor.Donations)
        {
            if (donation.Procedure != gave) continue;
            var from = before is null ? donation.On : FirstTooLate(before, donation.On);
            var until = after is null ? donation.On.AddDays(1) : after.EndFrom(donation.On);
            if (donor.Approvals is { Count: > 0 } approvals)
                foreach (var approval in approvals.OrderBy(a => a.On))
                    if (rules.Find(approval.Rule) is { Kind: "interval-exception" } exception && approval.On >= from && approval.On < until && exception.Excepts == (approval.On < donation.On ? before : after)?.Code
                        && (approval.On < donation.On ? exception.EndFrom(approval.On) <= donation.On : exception.EndFrom(donation.On) <= approval.On))
                    {
                        Add(all, rule.Code, "interval", from, approval.On);
                        from = approval.On.AddDays(1);
                    }
            Add(all, rule.Code, "interval", from, until);
        }
    }

    // The first date from which the interval is not yet over on the donation's day. Clamping lets several dates end on one, so look around.
    private static DateOnly FirstTooLate(Rule interval, DateOnly day)
    {
        if (interval is { Years: 0, Months: 0 }) return day.AddDays(1 - interval.Days);
        if (interval.Days == 0 && day.Day < 28) return day.AddMonths(-(12 * interval.Years) - interval.Months).AddDays(1); // every month has that day and the next
        var free = day.AddMonths(-(12 * interval.Years) - interval.Months).AddDays(-interval.Days);
        while (interval.EndFrom(free) > day) free = free.AddDays(-1);
        for (var next = free.AddDays(1); interval.EndFrom(next) <= day; next = next.AddDays(1)) free = next;
        return free.AddDays(1);
    }

    // The standard says "a year" and not which: any so many days, and where the row says so the calendar year, the stricter of
    // both. Donations are counted, or their millilitres added up; the next one adds at least the least that may be collected.
    private static void OfYear(DonorFacts donor, string procedure, Rule yearly, RuleSet rules, List<Obstacle> all)
    {
        var ml = yearly.Measure == "ml";
        int Weight(PastDonation d) => !ml ? 1 : d.Ml is { } weighed and > 0 ? weighed : (d.Units ?? 1) * (yearly.UnitMl ?? 0);
        var room = (int)(ml ? yearly.AtMost!.Value - Least(procedure, yearly, rules) : yearly.Count!.Value - 1);
        if (room < 0) { Add(all, yearly.Code, "interval", DateOnly.MinValue, null); return; } // the least that may be collected is too much
        var gave = new List<(DateOnly On, int Weight)>(donor.Donations.Count);
        var total = 0;
        foreach (var donation in donor.Donations)
        {
            if (!yearly.Concerns(donation.Procedure)) continue;
            gave.Add((donation.On, Weight(donation)));
            total += gave[^1].Weight;
        }
        if (total <= room) return; // not even all together are too much
        gave.Sort(static (a, b) => a.On.CompareTo(b.On));

        if (yearly.Days > 0)
        {
            var (sum, start) = (0, 0);
            for (var end = 0; end < gave.Count; end++)
            {
                sum += gave[end].Weight;
                for (; gave[end].On.DayNumber - gave[start].On.DayNumber >= yearly.Days; start++) sum -= gave[start].Weight;
                if (sum <= room) continue;
                // The shortest run that is too much, ending here: a longer one forbids nothing more.
                var (first, over) = (start, sum);
                while (over - gave[first].Weight > room) over -= gave[first++].Weight;
                Add(all, yearly.Code, "interval", gave[end].On.AddDays(1 - yearly.Days), gave[first].On.AddDays(yearly.Days));
            }
        }
        if (!yearly.CalendarYear) return;
        for (var i = 0; i < gave.Count;)
        {
            var (year, sum) = (gave[i].On.Year, 0);
            for (; i < gave.Count && gave[i].On.Year == year; i++) sum += gave[i].Weight;
            if (sum > room) Add(all, yearly.Code, "interval", new DateOnly(year, 1, 1), new DateOnly(year + 1, 1, 1));
        }
    }

    private static int Least(string procedure, Rule yearly, RuleSet rules)
    {
        foreach (var volume in rules.OfKind("volume")) if (volume.Concerns(procedure)) return volume.Values!.Min() * (procedure == Procedures.WholeBlood ? 1 : yearly.UnitMl ?? 0);
        return 0;
    }
}
