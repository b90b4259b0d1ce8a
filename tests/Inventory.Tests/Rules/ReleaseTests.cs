using System.Collections.Immutable;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class ReleaseTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(8));
    private static readonly Guid Ann = Guid.Parse("00000000-0000-7000-8000-000000000001"), Ben = Guid.Parse("00000000-0000-7000-8000-000000000002"), Lab = Guid.Parse("00000000-0000-7000-8000-000000000003");
    private static readonly ImmutableSortedDictionary<string, string> AllClean = ImmutableSortedDictionary.CreateRange(Station.AllTests.Select(t => KeyValuePair.Create(t, "non-reactive")));
    private static readonly ReleaseState Good = new(false, false, new(AllClean, "A+"), [], [("red-cells-suspended", Now.AddDays(1))], [], [Lab]);

    [Fact]
    public void The_first_signature_waits_and_the_second_releases()
    {
        Assert.Equal(1, Release.Sign(Good, Ann, Now).Signatures);
        Assert.Equal(2, Release.Sign(Good with { Signers = [Ann] }, Ben, Now).Signatures);
    }

    [Fact]
    public void One_person_is_not_two() => Assert.Equal(Problems.SameSigner, Release.Sign(Good with { Signers = [Ann] }, Ann, Now).No!.Problem);

    [Fact]
    public void Whoever_entered_results_signs_neither_first_nor_second()
    {
        Assert.Equal(Problems.EnteredResults, Release.Sign(Good, Lab, Now).No!.Problem);
        Assert.Equal(Problems.EnteredResults, Release.Sign(Good with { Signers = [Ann] }, Lab, Now).No!.Problem);
    }

    [Fact]
    public void A_signer_who_enters_results_afterwards_no_longer_counts() => Assert.Equal(1, Release.Sign(Good with { Signers = [Ann], Enterers = [Lab, Ann] }, Ben, Now).Signatures);

    [Fact]
    public void A_released_donation_is_released_once() => Assert.Equal(Problems.AlreadyReleased, Release.Sign(Good with { Released = true }, Ann, Now).No!.Problem);

    [Fact]
    public void Every_unmet_condition_is_named_not_only_the_first()
    {
        var bad = Good with { Historic = true, Conclusions = new(AllClean.SetItem("hbsag", "reactive").SetItem("alt", "pending").SetItem("abo-rhd", "inconclusive"), null), OpenHolds = ["quality", "test"], Units = [] };
        Assert.Equal(["group_unknown", "held", "held", "historic", "no_components", "test_inconclusive", "test_pending", "test_reactive"], Release.Unmet(bad, Now).Select(e => e.Code).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Tests))]
    public void Each_single_test_blocks(string test)
    {
        foreach (var conclusion in new[] { "pending", "reactive", "inconclusive" })
        {
            var error = Assert.Single(Release.Unmet(Good with { Conclusions = Good.Conclusions with { ByTest = AllClean.SetItem(test, conclusion) } }, Now));
            Assert.Equal(($"/conclusions/{test}", $"test_{conclusion}"), (error.Pointer, error.Code));
        }
    }

    public static TheoryData<string> Tests => [.. Station.AllTests];

    [Fact]
    public void One_bag_in_date_is_enough_and_none_is_not()
    {
        Assert.Empty(Release.Unmet(Good with { Units = [("platelets-apheresis", Now.AddSeconds(-1)), ("plasma-fresh-frozen", Now)] }, Now));
        Assert.Equal("expired", Assert.Single(Release.Unmet(Good with { Units = [("platelets-apheresis", Now.AddSeconds(-1))] }, Now)).Code);
    }

    /// <summary>Every subset of the conditions: 2⁹ sets of conclusions × group × holds × bags × register × void × historic × released × who signs and who entered. Each row is compared with what must hold, said once more.</summary>
    [Fact]
    public void The_whole_truth_table_releases_only_what_is_good_in_everything()
    {
        var (rows, released, first) = (0, 0, new HashSet<string>());
        foreach (var clean in Enumerable.Range(0, 1 << 9))
        {
            var conclusions = ImmutableSortedDictionary.CreateRange(Station.AllTests.Index().Select(t => KeyValuePair.Create(t.Item, (clean >> t.Index & 1) == 1 ? "non-reactive" : ((clean + t.Index) % 3) switch { 0 => "reactive", 1 => "pending", _ => "inconclusive" })));
            foreach (var group in new[] { "A+", null })
            foreach (var holds in new string[][] { [], ["test"], ["recall", "mirror"] })
            foreach (var bags in new[] { 0, 1, 2 }) // none, an expired one, one in date
            foreach (var register in new[] { "clear", null, "hit", "unavailable" })
            foreach (var flags in Enumerable.Range(0, 8)) // void, historic, released
            foreach (var people in Enumerable.Range(0, 8)) // the signer entered results, another has signed, that other entered results
            {
                var (isVoid, historic, done) = ((flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0);
                var (entered, other, otherEntered) = ((people & 1) != 0, (people & 2) != 0, (people & 4) != 0);
                var state = new ReleaseState(historic, done, new(conclusions, group), holds, bags switch { 0 => [], 1 => [("x", Now.AddSeconds(-1))], _ => [("x", Now)] }, other ? [Ben] : [], [Lab, .. entered ? [Ann] : Array.Empty<Guid>(), .. otherEntered ? [Ben] : Array.Empty<Guid>()], register, isVoid);
                var good = clean == 511 && group is not null && holds.Length == 0 && bags == 2 && (register is null or "clear") && flags == 0 && !entered;
                var expected = !good ? 0 : other && !otherEntered ? 2 : 1;
                var (signatures, no) = Release.Sign(state, Ann, Now);
                if (signatures != expected || (no is null) != good) Assert.Fail($"{clean:b9} {group} {string.Join('+', holds)} {bags} {register} {flags:b3} {people:b3}: {signatures} where {expected}");
                rows++;
                if (signatures == 2) released++;
                if (signatures == 1) first.Add($"{other}{otherEntered}");
            }
        }
        Assert.Equal((512 * 2 * 3 * 3 * 4 * 8 * 8, 2, 3), (rows, released, first.Count)); // released with the register clear and where it was not asked
    }
}
