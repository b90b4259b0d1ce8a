using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>Who may record what happened earlier: a station's own system, signed by a quality person.</summary>
public static class Backfill
{
    /// <summary>How far two clocks may differ before a time counts as lying in the future or the past.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <returns>role_forbidden, staff_required, staff_function_required, or null.</returns>
    public static Rejection? Signed(Caller caller) =>
        !caller.Is(Roles.Station) ? CommonProblems.RoleForbidden.Because("Only a station records what happened earlier")
        : caller.Staff is null ? CommonProblems.StaffRequired.Because("Backfill is signed by a quality person in Acting-Staff")
        : !caller.Staff.Has("quality") ? CommonProblems.StaffFunctionRequired.Because("One of: quality")
        : null;
}
