using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class OrganisationTreeProperties
{
    private const int Organisations = 40;
    private static readonly DateOnly Today = new(2026, 3, 5);

    private static Guid Id(int n) => new(n + 1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);

    // Each: whom, and below whom; -1 makes it a root.
    private static readonly Gen<(int Branch, int Parent)> Move = from branch in Gen.Choose(0, Organisations - 1) from parent in Gen.Choose(-1, Organisations - 1) select (branch, parent);

    [Fact]
    public void However_branches_move_it_stays_a_forest_and_what_is_below_goes_along() => Prop.ForAll(Gen.ListOf(Move, 120).ToArbitrary(), moves =>
    {
        var paths = Enumerable.Range(0, Organisations).ToDictionary(Id, n => new[] { Id(n) });
        foreach (var (branch, parent) in moves)
        {
            var (id, parentPath) = (Id(branch), parent < 0 ? [] : paths[Id(parent)]);
            var under = paths.Where(p => p.Value.Contains(id)).ToList();
            var height = under.Max(p => p.Value.Length - Array.IndexOf(p.Value, id));
            var before = under.ToDictionary(p => p.Key, p => p.Value.SkipWhile(x => x != id).ToArray());
            if (OrganisationTree.ForbidsMove(new(id, height, parentPath, Today, null), Today) is { } no)
            {
                Assert.Equal(parentPath.Contains(id) ? "organisation_cycle" : "tree_too_deep", no.Problem.Code);
                continue;
            }
            foreach (var (below, path) in under) paths[below] = OrganisationTree.PathAfter(parentPath, id, path);
            Assert.All(before, b => Assert.Equal(b.Value, paths[b.Key].SkipWhile(x => x != id))); // the branch itself is as it was
            Assert.Equal([.. parentPath, id], paths[id]);
        }
        // From the root down to itself, nobody twice, each path its parent's and one more, never too deep.
        Assert.All(paths, p =>
        {
            Assert.Equal(p.Key, p.Value[^1]);
            Assert.Equal(p.Value.Length, p.Value.Distinct().Count());
            Assert.InRange(p.Value.Length, 1, OrganisationTree.MostLevels);
            if (p.Value.Length > 1) Assert.Equal(p.Value[..^1], paths[p.Value[^2]]);
        });
        return true;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_branch_below_itself_is_refused_whatever_else_is_wrong_and_one_level_too_many_too()
    {
        Guid[] chain = [.. Enumerable.Range(0, OrganisationTree.MostLevels).Select(Id)];
        Assert.Equal("organisation_cycle", OrganisationTree.ForbidsMove(new(chain[3], 40, chain[..10], Today.AddDays(9), null), Today)!.Problem.Code);
        Assert.Equal("organisation_cycle", OrganisationTree.ForbidsMove(new(chain[3], 1, chain[..4], Today, null), Today)!.Problem.Code); // below itself
        Assert.Null(OrganisationTree.ForbidsMove(new(Id(99), 1, chain[..^1], Today, null), Today));
        Assert.Equal("tree_too_deep", OrganisationTree.ForbidsMove(new(Id(99), 1, chain, Today, null), Today)!.Problem.Code);
        Assert.Equal("tree_too_deep", OrganisationTree.ForbidsMove(new(Id(99), 2, chain[..^1], Today, null), Today)!.Problem.Code);
        Assert.Equal("moved_since", OrganisationTree.ForbidsMove(new(Id(99), 1, [], Today.AddDays(-9), Today.AddDays(-8)), Today)!.Problem.Code);
        Assert.Null(OrganisationTree.ForbidsMove(new(Id(99), 1, [], Today.AddDays(-8), Today.AddDays(-8)), Today));
        Assert.Equal("invalid_value", OrganisationTree.ForbidsMove(new(Id(99), 1, [], Today.AddDays(1), null), Today)!.Problem.Code);
    }
}
