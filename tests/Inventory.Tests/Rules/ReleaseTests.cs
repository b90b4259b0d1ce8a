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
}
