using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>What a drive is planned to be; the parts that must fit each other.</summary>
public sealed record DrivePlan(DateTimeOffset StartsAt, DateTimeOffset EndsAt, int SlotMinutes, string[] Procedures)
{
    public static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>Voluntary donation as recorded here begins with the Blood Donation Law, in force since 1998-10-01.</summary>
    public static readonly DateTimeOffset Earliest = new(1998, 10, 1, 0, 0, 0, TimeSpan.FromHours(8));

    /// <summary>The Shanghai date of <see cref="Earliest"/>: nothing is counted before it.</summary>
    public static readonly DateOnly FirstDay = new(1998, 10, 1);

    private static readonly string[] KnownProcedures = ["whole-blood", "apheresis-platelets"];

    /// <summary>Whole slots that fit; minutes left over at the end have no slot.</summary>
    public int Slots => (int)((EndsAt - StartsAt).Ticks / TimeSpan.FromMinutes(SlotMinutes).Ticks);

    /// <summary>Every fault at once, with pointers; null when the plan can be kept.</summary>
    /// <param name="backfill">A drive of the past, recorded now.</param>
    public Rejection? Faults(bool backfill, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        if (EndsAt <= StartsAt) errors.Add(new("/endsAt", "not_after_start", "endsAt must be after startsAt"));
        else if (EndsAt - StartsAt > Longest) errors.Add(new("/endsAt", "too_long", "A drive lasts 24 hours at most; record several"));
        else if (Slots < 1) errors.Add(new("/slotMinutes", "longer_than_drive", "A slot is longer than the drive"));
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
