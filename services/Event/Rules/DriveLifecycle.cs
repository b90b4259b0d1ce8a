using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>What the steps of a drive depend on.</summary>
/// <param name="LastStepAt">When the newest step so far happened; null for a draft.</param>
public sealed record DriveState(string Status, DateTimeOffset StartsAt, DateTimeOffset EndsAt, bool Backfilled, bool HasStation, DateTimeOffset? LastStepAt);

/// <summary>
/// A drive's life: draft → submitted → approved → open → started → closed, with cancelled and postponed as side exits.
/// A step out of order is refused, never ignored.
/// </summary>
public static class DriveLifecycle
{
    /// <summary>Doors open before the first slot: donors come early.</summary>
    public static readonly TimeSpan StartLead = TimeSpan.FromHours(2);

    private static readonly Dictionary<string, (string[] From, string To)> Steps = new(StringComparer.Ordinal)
    {
        ["submit"] = (["draft"], "submitted"),
        ["approve"] = (["submitted", "postponed"], "approved"),
        ["open"] = (["approved"], "open"),
        ["start"] = (["open"], "started"),
        ["close"] = (["started"], "closed"),
        ["cancel"] = (["draft", "submitted", "approved", "open", "postponed"], "cancelled"),
        ["postpone"] = (["approved", "open"], "postponed"),
    };

    private static readonly Dictionary<string, string[]> StepsOfRole = new(StringComparer.Ordinal)
    {
        [Roles.Station] = ["submit", "approve", "open", "start", "close", "cancel", "postpone"],
        [Roles.Authority] = ["approve", "open", "start", "close", "cancel", "postpone"],
        [Roles.Organiser] = ["submit", "cancel"],
    };

    /// <summary>The status a step leads to.</summary>
    public static string StatusAfter(string step) => Steps[step].To;

    /// <summary>Who may take a step.</summary>
    public static string[] RolesFor(string step) => [.. StepsOfRole.Where(role => role.Value.Contains(step)).Select(role => role.Key)];

    /// <summary>
    /// Why the step can't be taken now; null when it can. A backfilled drive's steps happened at <paramref name="at"/>, which lies
    /// in the past and not before the step before it.
    /// </summary>
    /// <returns>step_out_of_order, too_early, drive_over, station_missing, at_required, at_only_backfilled, invalid_value, or null.</returns>
    public static Rejection? Forbids(string step, DriveState drive, DateTimeOffset? at, DateTimeOffset now)
    {
        if (!Steps[step].From.Contains(drive.Status)) return Problems.StepOutOfOrder.Because($"'{step}' needs status {string.Join(" or ", Steps[step].From)}; the drive is {drive.Status}");
        if (at is not null && !drive.Backfilled) return Problems.AtOnlyBackfilled.Because();
        if (at is null && drive.Backfilled && step is not "cancel") return Problems.AtRequired.Because(null, new FieldError("/at", "required", "When the step happened"));
        if (at > now + Backfill.Tolerance) return CommonProblems.Invalid.Because("at lies in the future", new FieldError("/at", "in_the_future", "A step that has not happened yet cannot be recorded"));
        if (at < drive.LastStepAt) return CommonProblems.Invalid.Because("at lies before the step before it", new FieldError("/at", "before_previous_step", "Steps happen one after another"));
        return step == "approve" && !drive.HasStation ? Problems.StationMissing.Because("A station that approves it takes it on") : TimeForbids(step, drive, at ?? now);
    }

    /// <summary>What a role can do next, in the order of a drive's life.</summary>
    public static string[] AllowedActions(string? role, DriveState drive, DateTimeOffset now)
    {
        if (role is null || !StepsOfRole.TryGetValue(role, out var steps)) return [];
        var actions = steps.Where(step => Steps[step].From.Contains(drive.Status)
            && (drive.HasStation || step switch { "approve" => role == Roles.Station, "cancel" => role != Roles.Station, _ => true })
            && (drive.Backfilled ? role == Roles.Station : TimeForbids(step, drive, now) is null));
        return drive.Status is "draft" or "approved" or "open" or "started" or "postponed" && role != Roles.Authority ? ["change", .. actions] : [.. actions];
    }

    private static Rejection? TimeForbids(string step, DriveState drive, DateTimeOffset when) => step switch
    {
        "start" when when < drive.StartsAt - StartLead => Problems.TooEarly.Because(),
        "approve" or "open" or "start" when when >= drive.EndsAt => Problems.DriveOver.Because(drive.Backfilled ? "at lies after the drive's end" : "Record it as a backfilled drive"),
        _ => null,
    };
}
