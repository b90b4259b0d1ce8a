using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>What a branch's new place depends on.</summary>
/// <param name="Height">Levels of the branch, itself included.</param>
/// <param name="ParentPath">From the root down to the new parent; empty for a root.</param>
/// <param name="LatestPlacement">The last day on which anything that a move from that day on would touch came to where it is.</param>
public sealed record Replanting(Guid BranchId, int Height, IReadOnlyList<Guid> ParentPath, DateOnly From, DateOnly? LatestPlacement);

/// <summary>
/// Organisations form trees: city → district → street office → village, university → college → class. A path leads from the root
/// down to the organisation itself.
/// </summary>
public static class OrganisationTree
{
    /// <summary>Deeper than any office has levels; what needs more is a mistake or an attack.</summary>
    public const int MostLevels = 32;

    /// <summary>Where one more level fits under a parent.</summary>
    /// <returns>tree_too_deep, or null.</returns>
    public static Rejection? ForbidsBelow(int parentLevels, int height) =>
        parentLevels + height > MostLevels ? Problems.TreeTooDeep.Because($"{parentLevels + height} levels; at most {MostLevels}") : null;

    /// <summary>
    /// Why a branch can't stand there from that day on; null when it can. The past is one story: a move can't begin before one that
    /// was recorded of a place it touches.
    /// </summary>
    /// <returns>organisation_cycle, tree_too_deep, invalid_value, moved_since, or null.</returns>
    public static Rejection? ForbidsMove(Replanting move, DateOnly today)
    {
        if (move.ParentPath.Contains(move.BranchId)) return Problems.OrganisationCycle.Because(null, new FieldError("/parentId", "below_itself", "The new parent is the organisation itself or lies below it"));
        if (ForbidsBelow(move.ParentPath.Count, move.Height) is { } deep) return deep;
        if (move.From > today) return CommonProblems.Invalid.Because("A move is recorded when it has happened", new FieldError("/from", "in_the_future", "Today or earlier"));
        if (move.From < DrivePlan.FirstDay) return CommonProblems.Invalid.Because("Before anything was counted", new FieldError("/from", "too_early", "From 1998-10-01 on"));
        return move.LatestPlacement > move.From ? Problems.MovedSince.Because($"Something it touches moved on {move.LatestPlacement:yyyy-MM-dd}; name that day or a later one") : null;
    }

    /// <summary>The path of one of the branch after it moved.</summary>
    public static Guid[] PathAfter(IReadOnlyList<Guid> parentPath, Guid branchId, Guid[] path) => [.. parentPath, .. path.AsSpan(Array.IndexOf(path, branchId))];
}
