using System.Collections.Immutable;
using System.Globalization;

namespace BloodPlatform.Inventory.Rules;

/// <summary>One row of a test run as the conclusion sees it.</summary>
/// <param name="Round">Null, `first`, `second`, `retest-a` or `retest-b`.</param>
/// <param name="Outcome">`non-reactive`, `reactive` or `invalid`.</param>
/// <param name="ControlsValid">Invalid controls void every row of the run.</param>
/// <param name="Corrected">Another row corrects this one.</param>
/// <param name="PoolId">The pool that was measured; null where it was the donation's own sample.</param>
/// <param name="PoolReactive">Whether any row of the pool was reactive in this test, this donation's or another member's.</param>
public sealed record TestRow(string Test, string? Round, string Outcome, string? Value, bool ControlsValid, bool Corrected = false, string? PoolId = null, bool PoolReactive = false, string? ReagentLot = null)
{
    public bool IsValid => ControlsValid && Outcome != "invalid";
}

/// <summary>
/// What a donation's rows say, test by test: `pending`, `non-reactive`, `reactive` or `inconclusive`. A set of rows has one
/// answer: the order in which they came is not looked at, and no further row makes a reactive test non-reactive.
/// </summary>
/// <param name="ByTest">A conclusion for every test of the scheme, in its order.</param>
/// <param name="Group">The group when the laboratory has decided it and nothing known contradicts.</param>
/// <param name="PoolOpen">A pool was reactive and its member has no row of its own yet: nobody is told anything of it.</param>
public sealed record Conclusions(ImmutableSortedDictionary<string, string> ByTest, string? Group, bool PoolOpen = false)
{
    public const string Pending = "pending";
    public const string NonReactive = "non-reactive";
    public const string Reactive = "reactive";
    public const string Inconclusive = "inconclusive";

    /// <summary>Every required test has a conclusion, whatever it is.</summary>
    public bool Complete => !PoolOpen && !ByTest.Values.Contains(Pending);

    /// <summary>Every required test is non-reactive and the group is known. GB 18467 ch. 10; a missing test never qualifies (献血法 Art. 10).</summary>
    public bool Qualified => Group is not null && ByTest.Values.All(c => c == NonReactive);

    /// <summary>A conclusion that by itself keeps the blood back.</summary>
    public bool Alarming => ByTest.Values.Any(c => c is Reactive or Inconclusive);

    public IEnumerable<string> TestsThatAre(string conclusion) => ByTest.Where(t => t.Value == conclusion).Select(t => t.Key);

    /// <param name="scheme">The scheme in force on the day of the donation.</param>
    /// <param name="rows">All rows ever recorded for the donation, in any order.</param>
    /// <param name="knownGroups">Groups known from the chair and from the donor's other donations: each must agree.</param>
    public static Conclusions Of(TestScheme scheme, IEnumerable<TestRow> rows, IEnumerable<string> knownGroups)
    {
        var byTest = rows.ToLookup(r => r.Test);
        string? group = null;
        var poolOpen = false;
        var conclusions = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var test in scheme.Tests)
        {
            var named = byTest[test.Test].ToList();
            // A correction repairs; it never clears: what was reactive goes on counting.
            var counted = named.Where(r => r.IsValid && (!r.Corrected || IsReactive(test, r))).ToList();
            if (test.Kind == "group")
            {
                conclusions[test.Test] = OfGroup(test, counted, knownGroups, out group);
                continue;
            }
            // Only a marker is looked for in a pool; a value is somebody's own.
            var pooled = test.Kind == "marker" ? named.Where(r => r.PoolId is not null).ToList() : [];
            var own = counted.Where(r => !pooled.Contains(r)).ToList();
            var poolReactive = pooled.Exists(r => r.PoolReactive || (r.IsValid && IsReactive(test, r)));
            conclusions[test.Test] = OfMarker(test, counted, own, poolReactive, row => IsReactive(test, row));
            poolOpen |= poolReactive && conclusions[test.Test] == Inconclusive && !own.Exists(r => IsReactive(test, r));
        }
        return new(conclusions.ToImmutable(), group, poolOpen);
    }

    /// <summary>An ALT above its limit is unqualified; the outcome of such a row says only that it was valid, and a "reactive" beside a low value is believed.</summary>
    private static bool IsReactive(RequiredTest test, TestRow row) =>
        test.Kind != "group" && (row.Outcome == Reactive || (test.Limit is { } limit && (!TryValue(row.Value, out var value) || value > limit)));

    /// <summary>A value as laboratories print it: a non-negative number with a point.</summary>
    public static bool TryValue(string? text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);

    private static string OfMarker(RequiredTest test, List<TestRow> counted, List<TestRow> own, bool poolReactive, Func<TestRow, bool> reactive)
    {
        var retested = own.Where(IsRetest).ToList();
        if (own.Any(reactive))
            // Both retests clean clears nothing here: it takes a person to look further, so the blood stays where it is.
            return retested.Any(reactive) || !BothRetests(retested) ? Reactive : Inconclusive;
        // One of the pool's members is: which one, only a row of its own says. No pool releases it, whatever comes of another one.
        if (poolReactive) return IsConcluded(test, own) ? NonReactive : Inconclusive;
        return IsConcluded(test, counted) ? NonReactive : Pending;
    }

    private static string OfGroup(RequiredTest test, List<TestRow> valid, IEnumerable<string> knownGroups, out string? group)
    {
        group = null;
        var read = valid.Select(r => r.Value).Distinct().ToList();
        if (read.Count > 1) return Inconclusive;
        if (!IsConcluded(test, valid)) return Pending;
        // Another group than before means a mixed-up tube or person until someone has found out which.
        if (knownGroups.Any(known => known != read[0])) return Inconclusive;
        group = read[0];
        return NonReactive;
    }

    /// <summary>The rounds that the scheme asks for; else one row without round, or a first and a second.</summary>
    private static bool IsConcluded(RequiredTest test, List<TestRow> valid) =>
        test.Rounds is { } rounds ? rounds.All(round => valid.Any(r => r.Round == round)) && (!test.DifferentReagents || OfDifferentLots(rounds, valid)) : valid.Any(r => r.Round is null) || (valid.Any(r => r.Round == "first") && valid.Any(r => r.Round == "second"));

    /// <summary>Whether a lot can be chosen for each round so that none is chosen twice.</summary>
    private static bool OfDifferentLots(ReadOnlySpan<string> rounds, List<TestRow> valid, params string[] taken)
    {
        if (rounds.IsEmpty) return true;
        foreach (var row in valid)
            if (row.Round == rounds[0] && !string.IsNullOrWhiteSpace(row.ReagentLot) && !taken.Contains(row.ReagentLot) && OfDifferentLots(rounds[1..], valid, [.. taken, row.ReagentLot])) return true;
        return false;
    }

    private static bool IsRetest(TestRow row) => row.Round is "retest-a" or "retest-b";

    private static bool BothRetests(List<TestRow> retested) => retested.Any(r => r.Round == "retest-a") && retested.Any(r => r.Round == "retest-b");
}
