using BloodPlatform.Chassis;

namespace BloodPlatform.Recognition.Rules;

/// <summary>A credited donation as the awards see it.</summary>
public sealed record Credit(string Din, DateTimeOffset CollectedAt, decimal NationalCounts, decimal ProvincialCounts)
{
    public decimal CountsIn(string scope) => scope == "national" ? NationalCounts : ProvincialCounts;
}

/// <summary>A level that was reached, and by which donation.</summary>
public sealed record Honour(AwardRules Rules, string Level, DateTimeOffset ReachedAt);

/// <summary>The level of an award that comes next.</summary>
/// <param name="Counts">What the donor has, in whole counts.</param>
public sealed record NextLevel(AwardRules Rules, string Level, int Threshold, int Counts)
{
    public int Missing => Threshold - Counts;
}

/// <summary>Awards by counts (奉献奖). The result depends on the donations alone, not on the order in which they became known.</summary>
public static class Honours
{
    /// <summary>Every level reached, with the donation that reached it in the order of collection, by the rules in force on that day.</summary>
    public static IEnumerable<Honour> Reached(AwardCatalogue catalogue, IReadOnlyCollection<Credit> credits)
    {
        var inOrder = credits.OrderBy(c => c.CollectedAt).ThenBy(c => c.Din, StringComparer.Ordinal).ToList();
        foreach (var award in catalogue.Awards)
        {
            var total = 0m;
            HashSet<string> reached = [];
            foreach (var credit in inOrder)
            {
                var rules = catalogue.OfAward(award, Shanghai.DateOf(credit.CollectedAt));
                total += credit.CountsIn(rules.Scope);
                foreach (var level in rules.Levels.Where(l => total >= l.Value && reached.Add(l.Level)))
                    yield return new Honour(rules, level.Level, credit.CollectedAt);
            }
        }
    }

    /// <summary>The next level of each award by today's rules; an award whose levels are all reached has none.</summary>
    /// <param name="today">Shanghai date.</param>
    public static IEnumerable<NextLevel> Next(AwardCatalogue catalogue, IReadOnlyCollection<Credit> credits, DateOnly today)
    {
        foreach (var award in catalogue.Awards)
        {
            var rules = catalogue.OfAward(award, today);
            var counts = Counting.Total(credits.Select(c => c.CountsIn(rules.Scope)));
            if (rules.Levels.OrderBy(l => l.Value).FirstOrDefault(l => l.Value > counts) is { } next) yield return new NextLevel(rules, next.Level, next.Value, counts);
        }
    }
}
