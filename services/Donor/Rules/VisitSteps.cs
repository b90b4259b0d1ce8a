using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>The order of a visit. No step may be skipped, and none is done twice.</summary>
public static class VisitSteps
{
    public const string CheckedIn = "checked-in";
    public const string Collecting = "collecting";
    public const string Collected = "collected";
    public const string Completed = "completed";
    public const string Deferred = "deferred";
    public const string Abandoned = "abandoned";

    /// <summary>How far a live act's time may lie from the service's clock, and how much clocks of a van may differ.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(15);

    /// <summary>A visit opened longer ago than this is recorded afterwards; what was measured then says nothing of today.</summary>
    public static readonly TimeSpan Live = TimeSpan.FromHours(12);

    // What is done, in which status, and what the visit is then.
    private static readonly (string Step, string From, string To)[] Order =
    [
        ("consent", CheckedIn, "consented"), ("hygiene", "consented", "hygiene-done"), ("vitals", "hygiene-done", "vitals-taken"), ("consultation", "vitals-taken", "consulted"),
        ("pretest", "consulted", "cleared"), ("collection/start", "cleared", Collecting), ("collection/finish", Collecting, Collected), ("complete", Collected, Completed),
    ];

    /// <summary>The steps in their order.</summary>
    public static IEnumerable<string> InOrder => Order.Select(o => o.Step);

    /// <summary>Still before the needle: the physician can defer, and the donor can go.</summary>
    public static bool BeforeNeedle(string status) => Array.FindIndex(Order, o => o.From == status) is >= 0 and var at && at < Array.FindIndex(Order, o => o.From == Collecting);

    /// <summary>Blood was taken: what was recorded of it can be corrected.</summary>
    public static bool Given(string status) => status is Collected or Completed;

    /// <summary>Nothing more happens: that it was another donor's visit can be said.</summary>
    public static bool Over(string status) => Given(status) || status is Deferred or Abandoned;

    /// <summary>The status after the step (`defer` is one, before the needle), or 409 step_out_of_order.</summary>
    public static (string? To, Rejection? Rejection) Enter(string status, string step)
    {
        if (step == "defer" && BeforeNeedle(status)) return (Deferred, null);
        var entry = Order.FirstOrDefault(o => o.Step == step);
        return entry.Step is not null && entry.From == status ? (entry.To, null) : (null, Problems.StepOutOfOrder.Because(
            Order.FirstOrDefault(o => o.From == status).Step is { } next ? $"The visit is {status}: next is {next}" : $"The visit is {status}: nothing follows"));
    }

    /// <summary>
    /// 409 visit_too_old for a step that leads to the needle: temperature, answers and blood counts are those of the hours before it. The
    /// needle that is in comes out, the donor can still be deferred or go.
    /// </summary>
    public static Rejection? TooOld(string status, string step, DateTimeOffset openedAt, DateTimeOffset now) =>
        step != "defer" && BeforeNeedle(status) && now - openedAt > Live ? Problems.VisitTooOld.Because($"Checked in at {openedAt:u}: abandon it and check the donor in again") : null;

    /// <summary>What can be done now, as the last segments of the addresses. A reaction may come at any time; a finding can be corrected where one was recorded.</summary>
    public static string[] Allowed(string status) =>
    [
        .. Order.Where(o => o.From == status).Select(o => o.Step), .. BeforeNeedle(status) ? new[] { "defer", "abandon" } : [], "reactions",
        .. status is Deferred or Abandoned ? Array.Empty<string>() : ["private-withdrawal"], .. Over(status) ? new[] { "corrections" } : [], .. status != Collecting ? new[] { "finding-corrections" } : [],
    ];

    /// <summary>
    /// When a step was done. Recorded afterwards: the given time, not before the step before it; without one, the time of that
    /// step. Live: now, or a given time close to it. Never in the future (422 time_out_of_order).
    /// </summary>
    public static (DateTimeOffset At, Rejection? Rejection) At(bool backfilled, DateTimeOffset? given, DateTimeOffset last, DateTimeOffset now, string pointer = "/at")
    {
        var at = given ?? (backfilled ? last : now);
        var no = at > now + (backfilled ? TimeSpan.Zero : Tolerance) ? "Lies in the future"
            : at < last - (backfilled ? TimeSpan.Zero : Tolerance) ? "Lies before the step before it" : null;
        return (at, no is null ? null : Problems.TimeOutOfOrder.Because(no, new FieldError(pointer, "time_out_of_order", no)));
    }
}
