using BloodPlatform.Chassis;

namespace BloodPlatform.Recognition;

/// <summary>Why this service says no, a line each. Codes are published: add, never change.</summary>
public static class Problems
{
}
