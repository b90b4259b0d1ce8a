using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>
/// What a drive is planned to be; the parts that must fit each other. One that ends more than 24 hours after it begins takes place on several days in a row, each
/// from the clock time of its beginning to that of its end: 5 March 09:00 to 7 March 16:00 is three days of seven hours.
/// </summary>
public sealed record DrivePlan(DateTimeOffset StartsAt, DateTimeOffset EndsAt, int SlotMinutes, string[] Procedures)
{
    /// <summary>So many days in a row at most; what takes longer is a series, or a fixed site.</summary>
    public const int MostDays = 14;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Voluntary donation as recorded here begins with the Blood Donation Law, in force since 1998-10-01.</summary>
    public static readonly DateTimeOffset Earliest = new(1998, 10, 1, 0, 0, 0, TimeSpan.FromHours(8));

    /// <summary>The Shanghai date of <see cref="Earliest"/>: nothing is counted before it.</summary>
    public static readonly DateOnly FirstDay = new(1998, 10, 1);

    private static readonly string[] KnownProcedures = ["whole-blood", "apheresis-platelets"];

    /// <summary>How many days it takes place on.</summary>
    public int Days => (int)Math.Ceiling((EndsAt - StartsAt) / Day);

    /// <summary>How long each day is. Shanghai's clock is never changed: a day later is 24 hours later.</summary>
    public TimeSpan OfDay => EndsAt - StartsAt - (Days - 1) * Day;

    /// <summary>Whole slots that fit into each day; minutes left over at its end have no slot.</summary>
    public int SlotsOfDay => (int)(OfDay.Ticks / TimeSpan.FromMinutes(SlotMinutes).Ticks);

    public int Slots => Days * SlotsOfDay;

    /// <summary>Whether a slot that begins so is one of its.</summary>
    public bool HasSlot(DateTimeOffset startsAt) => startsAt >= StartsAt && startsAt < EndsAt && (startsAt - StartsAt).Ticks % Day.Ticks / TimeSpan.FromMinutes(SlotMinutes).Ticks < SlotsOfDay;

    /// <summary>Every fault at once, with pointers; null when the plan can be kept.</summary>
    /// <param name="backfill">A drive of the past, recorded now.</param>
    public Rejection? Faults(bool backfill, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        if (EndsAt <= StartsAt) errors.Add(new("/endsAt", "not_after_start", "endsAt must be after startsAt"));
        else if (Days > MostDays) errors.Add(new("/endsAt", "too_long", $"At most {MostDays} days in a row; a series repeats"));
        else if (Slots < 1) errors.Add(new("/slotMinutes", "longer_than_drive", "A slot is longer than the drive, or than each of its days"));
        if (!backfill && StartsAt < now - Backfill.Tolerance) errors.Add(new("/startsAt", "in_the_past", "A drive of the past is backfilled: backfillReason and a quality person"));
        if (backfill && StartsAt >= now) errors.Add(new("/startsAt", "not_in_the_past", "backfillReason is for drives that have begun"));
        if (StartsAt < Earliest) errors.Add(new("/startsAt", "too_early", "Before the Blood Donation Law (1998-10-01)"));
        if (StartsAt > now.AddYears(2)) errors.Add(new("/startsAt", "too_far", "At most two years ahead"));
        if (Procedures.Length == 0) errors.Add(new("/procedures", "required", "At least one procedure"));
        for (var i = 0; i < Procedures.Length; i++)
            if (!KnownProcedures.Contains(Procedures[i])) errors.Add(new($"/procedures/{i}", "unknown", "One of: " + string.Join(", ", KnownProcedures)));
            else if (Procedures.AsSpan(0, i).Contains(Procedures[i])) errors.Add(new($"/procedures/{i}", "repeated", "Each procedure once"));
        return errors.Count == 0 ? null : CommonProblems.Invalid.Because("The drive cannot take place as planned", [.. errors]);
    }
}
