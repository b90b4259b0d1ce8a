using BloodPlatform.Chassis;

namespace BloodPlatform.Drives;

/// <summary>Why this service says no, a line each. Codes are published: add, never change.</summary>
public static class Problems
{
    public static readonly ProblemCode OutsideOwnSubtree = new("outside_own_subtree", 403, "只能在本组织之下操作", "Only within your own organisation");
}
