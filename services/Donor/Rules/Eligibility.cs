namespace BloodPlatform.Donors.Rules;

/// <summary>What the rules must know of a donor; everything as dates of Shanghai.</summary>
/// <param name="FirstReaction">The first time giving did him harm; null when never.</param>
public sealed record DonorFacts(DateOnly BirthDate, string Sex, IReadOnlyList<PastDonation> Donations, IReadOnlyList<DeferralFact> Deferrals, DateOnly? FirstReaction = null);

/// <summary>A donation that counts for intervals, whenever it was recorded.</summary>
public sealed record PastDonation(DateOnly On, string Procedure);

/// <summary>A deferral in force from a date; <paramref name="Until"/> is the first date without it, null while no end is known.</summary>
public sealed record DeferralFact(string Code, DateOnly From, DateOnly? Until);

/// <summary>A time in which a rule forbids to give. <paramref name="Until"/> is the first date on which it no longer does; null is never.</summary>
public sealed record Obstacle(string Rule, string Category, DateOnly From, DateOnly? Until)
{
    public bool On(DateOnly date) => date >= From && (Until is not { } end || date < end);

    /// <summary>Whether it says something about health: all such look alike to everyone but a station.</summary>
    public bool Medical => Category is not ("age" or "interval" or "rule-set");
}

/// <summary>
/// Who may give when. Every rule that depends on dates is an obstacle, a stretch of dates; a date is open when no obstacle
/// covers it, and windows are what the obstacles leave of a life. So the answer for a day and the windows can't disagree.
/// </summary>
public static class Eligibility
{
    /// <summary>Everything that forbids the procedure, at any time of the donor's life.</summary>
    public static List<Obstacle> Obstacles(DonorFacts donor, string procedure, RuleSet rules)
    {
        var obstacles = new List<Obstacle> { new("RULES_IN_FORCE", "rule-set", DateOnly.MinValue, rules.ValidFrom) };
        if (rules.ValidTo is { } last) obstacles.Add(new("RULES_IN_FORCE", "rule-set", last.AddDays(1), null));
        obstacles.AddRange(OfAge(donor, rules));
        foreach (var donation in donor.Donations) if (OfInterval(donation, procedure, rules) is { } interval) obstacles.Add(interval);
        foreach (var yearly in rules.OfKind("yearly").Where(r => r.Concerns(procedure))) obstacles.AddRange(OfYearlyCount(donor, yearly));
        foreach (var deferral in donor.Deferrals)
            if (rules.Find(deferral.Code) is not { Procedures: not null } rule || rule.Concerns(procedure)) obstacles.Add(new(deferral.Code, "deferral", deferral.From, deferral.Until));
        return [.. obstacles.Where(o => o.Until is not { } end || end > o.From)];
    }

    /// <summary>What forbids to give on the date; empty when it is open.</summary>
    public static Obstacle[] On(this IEnumerable<Obstacle> obstacles, DateOnly date) => [.. obstacles.Where(o => o.On(date)).OrderBy(o => o.Until ?? DateOnly.MaxValue)];

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
        foreach (var obstacle in obstacles.OrderBy(o => o.From))
        {
            if (obstacle.From > open) windows.Add((open, obstacle.From.AddDays(-1)));
            if (obstacle.Until is not { } end) return windows;
            if (end > open) open = end;
        }
        windows.Add((open, null));
        return windows;
    }

    /// <summary>The day a year of life is completed; 29 February's is 1 March where there is none, because only then the year is full.</summary>
    public static DateOnly Birthday(DateOnly born, int years)
    {
        var day = born.AddYears(years);
        return born is { Month: 2, Day: 29 } && day.Day == 28 ? day.AddDays(1) : day;
    }

    // Ages are completed years, so "at most 55" ends with the 56th birthday. Above that only who gave before, without harm.
    private static IEnumerable<Obstacle> OfAge(DonorFacts donor, RuleSet rules)
    {
        DateOnly Full(decimal years) => Birthday(donor.BirthDate, (int)years);
        yield return new("AGE_MIN", "age", DateOnly.MinValue, Full(rules["AGE_MIN"].AtLeast!.Value));
        var firstEnd = Full(rules["AGE_MAX_FIRST"].AtMost!.Value + 1);
        var repeatEnd = Full(rules["AGE_MAX_REPEAT"].AtMost!.Value + 1);
        var repeatFrom = donor.Donations.Count == 0 ? DateOnly.MaxValue : donor.Donations.Min(d => d.On).AddDays(1);
        var repeatTo = donor.FirstReaction is { } reaction && reaction < repeatEnd ? reaction.AddDays(1) : repeatEnd;
        if (repeatFrom >= repeatTo || repeatTo <= firstEnd) { yield return new("AGE_MAX_FIRST", "age", firstEnd, null); yield break; }
        yield return new("AGE_MAX_FIRST", "age", firstEnd, repeatFrom);
        yield return new(repeatTo < repeatEnd ? "AGE_MAX_FIRST" : "AGE_MAX_REPEAT", "age", repeatTo, null);
    }

    // A donation forbids the time behind it and the time before it: what is recorded afterwards may lie between two others.
    private static Obstacle? OfInterval(PastDonation donation, string procedure, RuleSet rules)
    {
        Rule? Between(string from, string to) => rules.OfKind("interval").FirstOrDefault(r => r.From == from && r.To == to);
        if (Between(donation.Procedure, procedure) is not { } after) return null;
        var from = donation.On;
        if (Between(procedure, donation.Procedure) is { } before)
        {
            // The last date from which the interval is over on the donation's day. Clamping lets several dates end on one, so look around.
            var lastFree = donation.On.AddMonths(-before.Months).AddDays(-before.Days);
            while (before.EndFrom(lastFree) > donation.On) lastFree = lastFree.AddDays(-1);
            while (before.EndFrom(lastFree.AddDays(1)) <= donation.On) lastFree = lastFree.AddDays(1);
            from = lastFree.AddDays(1);
        }
        return new(after.Code, "interval", from, after.EndFrom(donation.On));
    }

    // The standard says "a year" and not which: the calendar year and any 365 days, the stricter of both.
    private static IEnumerable<Obstacle> OfYearlyCount(DonorFacts donor, Rule yearly)
    {
        var limit = yearly.Count!.Value;
        var dates = donor.Donations.Where(d => yearly.Concerns(d.Procedure)).Select(d => d.On).Order().ToArray();
        for (var i = 0; i + limit <= dates.Length; i++)
            if (dates[i + limit - 1].DayNumber - dates[i].DayNumber < 365)
                yield return new(yearly.Code, "interval", dates[i + limit - 1].AddDays(-364), dates[i].AddDays(365));
        foreach (var year in dates.GroupBy(d => d.Year).Where(y => y.Count() >= limit))
            yield return new(yearly.Code, "interval", new DateOnly(year.Key, 1, 1), new DateOnly(year.Key + 1, 1, 1));
    }
}
