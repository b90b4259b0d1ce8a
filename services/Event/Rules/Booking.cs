using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Rules;

/// <summary>The drive as a booking sees it.</summary>
public sealed record BookableDrive(Guid Id, string Status, string[] Procedures);

/// <summary>A slot as read; the database has the last word on its places.</summary>
/// <param name="WalkIn">Beside them, for whoever comes without a booking.</param>
/// <param name="WalkedIn">Of those, taken.</param>
/// <param name="Held">For open offers: taken like the booked.</param>
/// <param name="Awaited">Somebody waits for it: what becomes free is his, nobody overtakes.</param>
public sealed record BookableSlot(DateTimeOffset StartsAt, DateTimeOffset EndsAt, int Capacity, int Booked, int WalkIn = 0, int WalkedIn = 0, int Held = 0, bool Awaited = false)
{
    /// <summary>What the rules of its day leave of the capacity.</summary>
    public int Places { get; init; } = Capacity;

    /// <summary>What they leave of all places, the walk-ins' included.</summary>
    public int AllPlaces { get; init; } = Capacity + WalkIn;

    /// <summary>The same, with the rules known.</summary>
    public BookableSlot Under(IEnumerable<PlacesRule> rules) =>
        Booking.DonorsPerSlot(rules, Shanghai.DateOf(StartsAt)) is { } most ? this with { Places = Math.Min(Capacity, Math.Max(0, most - WalkedIn)), AllPlaces = Math.Min(Capacity + WalkIn, most) } : this;

    /// <summary>How many may be booked at most for one more of the kind to be; a walk-in takes from the reserve first.</summary>
    /// <param name="place">`booking`, `walk-in`, `backfill`, or `kept` for him already.</param>
    public int PlacesFor(string place) => place == "backfill" ? Capacity : Places;

    /// <summary>The same, of all places.</summary>
    public int AllPlacesFor(string place) => place == "backfill" ? Capacity + WalkIn : AllPlaces;

    /// <summary>Whether one more of the kind fits.</summary>
    public bool HasRoomFor(string place) => place == "kept" || (place == "walk-in" ? (WalkedIn < WalkIn || HasRoomFor("booking")) && Booked + Held + WalkedIn < AllPlaces : Booked + Held < PlacesFor(place) && !(Awaited && place == "booking"));
}

/// <summary>A version of a rule set as it limits places.</summary>
/// <param name="Kind">`base` or `overlay`.</param>
/// <param name="DonorsPerSlot">Null where it does not.</param>
public sealed record PlacesRule(string Code, string Kind, DateOnly ValidFrom, DateOnly? ValidTo, int? DonorsPerSlot);

/// <summary>Another booking of the same donor that may still lead to a donation.</summary>
public sealed record OtherBooking(Guid AppointmentId, Guid DriveId, DateTimeOffset SlotStartsAt, string Procedure);

/// <summary>One of a person's bookings, made under different ids before they turned out to be one.</summary>
/// <param name="CanBeGivenBack">Booked, and still to come.</param>
public sealed record OneOfBookings(Guid AppointmentId, Guid DriveId, DateTimeOffset SlotStartsAt, string Procedure, DateTimeOffset BookedAt, bool CanBeGivenBack);

/// <summary>A version of the rule set that the donor's windows were computed with.</summary>
public sealed record IntervalRules(DateOnly ValidFrom, DonationInterval[] Intervals);

/// <summary>Days of a person that a booking takes, for one procedure.</summary>
/// <param name="Side">`on`: the booking's own day; `after`: too soon after it.</param>
/// <param name="Days">From, and the first day that is free again.</param>
public sealed record BlockedDays(string Procedure, string Side, IReadOnlyList<(DateOnly From, DateOnly Until)> Days)
{
    /// <summary>As PostgreSQL writes a datemultirange.</summary>
    public string Multirange => "{" + string.Join(",", Days.Select(d => $"[{d.From:yyyy-MM-dd},{d.Until:yyyy-MM-dd})")) + "}";
}

/// <summary>Whether a donor gets a place: the drive takes bookings, the slot is there, the donor may give that day, and no other booking stands against it.</summary>
public static class Booking
{
    /// <summary>The procedure to book when the caller names none: whole blood where it is offered.</summary>
    public static string DefaultProcedure(string[] offered) => offered.Contains("whole-blood") ? "whole-blood" : offered[0];

    /// <summary>Whether the slot still takes a booking, or a backfilled one.</summary>
    /// <param name="place">`booking`, `walk-in` at the desk, or `backfill`: what took place took place, an epidemic profile's limit is for places that are promised, not for those recorded afterwards.</param>
    /// <returns>drive_not_open, slot_unknown, slot_over, slot_full, invalid_value, or null.</returns>
    public static Rejection? SlotForbids(BookableDrive drive, BookableSlot? slot, string place, DateTimeOffset now) =>
        drive.Status is not ("open" or "started") ? Problems.DriveNotOpen.Because($"The drive is {drive.Status}")
        : slot is null ? Problems.SlotUnknown.Because("GET /v1/drives/{id}/slots lists them", new FieldError("/slotStartsAt", "unknown", "No slot starts then"))
        : place == "backfill" && slot.StartsAt > now ? CommonProblems.Invalid.Because("A slot of the future is booked, not backfilled", new FieldError("/backfillReason", "not_in_the_past", "The slot has not begun"))
        : place != "backfill" && slot.EndsAt <= now ? Problems.SlotOver.Because("A past slot is backfilled: backfillReason and a quality person")
        : !slot.HasRoomFor(place) ? Problems.SlotFull.Because()
        : null;

    /// <summary>
    /// The most places that a slot of the day may have; null where no rule limits them. The last version that has begun is the one that counts, to
    /// its own last date: of each overlay its own, of bases the last of all. The least of what counts holds.
    /// </summary>
    public static int? DonorsPerSlot(IEnumerable<PlacesRule> rules, DateOnly date) =>
        rules.Where(r => r.ValidFrom <= date).GroupBy(r => r.Kind == "base" ? "" : r.Code).Select(g => g.MaxBy(r => r.ValidFrom)!).Where(r => !(r.ValidTo < date)).Min(r => r.DonorsPerSlot);

    /// <summary>
    /// Whether the donor may give that day. The windows are Donor's answer and carry no reason, so neither does this: interval,
    /// age and everything medical look alike.
    /// </summary>
    /// <param name="asked">The day on which an app asks; null for a station. While a donor must ask the station, no day is open to an app.</param>
    /// <returns>procedure_not_offered, not_eligible, or null.</returns>
    public static Rejection? DonorForbids(BookableDrive drive, string procedure, DateOnly date, ProcedureWindows[] windows, DateOnly? asked) =>
        !drive.Procedures.Contains(procedure) ? Problems.ProcedureNotOffered.Because("Offered: " + string.Join(", ", drive.Procedures), new FieldError("/procedure", "not_offered", "Not offered by this drive"))
        : !windows.Any(w => w.Procedure == procedure && In(w.Windows, date) && !(asked is { } today && In(w.AskStation ?? [], today))) ? Problems.NotEligible.Because()
        : null;

    /// <summary>Whether what Donor says leaves the day open for the procedure.</summary>
    public static bool IsOpenOn(ProcedureWindows[] windows, string procedure, DateOnly date) => windows.Any(w => w.Procedure == procedure && In(w.Windows, date));

    private static bool In(DateWindow[] windows, DateOnly date) => windows.Any(w => w.From <= date && (w.To is not { } to || date <= to));

    /// <summary>
    /// Whether another booking forbids this one: one place per drive, and between two bookings at least the interval from the
    /// earlier one's procedure to the later one's, of the rule set in force on the later day (GB 18467-2011 chapter 9). Without
    /// the rules' intervals the answer is not yet known: not_yet_visible, never a guess.
    /// </summary>
    /// <returns>already_booked, not_yet_visible, or null.</returns>
    public static Rejection? OthersForbid(Guid driveId, string procedure, DateTimeOffset slotStartsAt, IReadOnlyCollection<OtherBooking> others, IReadOnlyCollection<IntervalRules> rules)
    {
        if (others.Any(o => o.DriveId == driveId)) return Problems.AlreadyBooked.Because("The donor has a place at this drive");
        if (others.Count == 0) return null;
        if (rules.Count == 0) return CommonProblems.NotYetVisible.Because("The intervals between donations have not arrived here yet");
        var date = Shanghai.DateOf(slotStartsAt);
        return others.Any(other =>
        {
            var otherDate = Shanghai.DateOf(other.SlotStartsAt);
            return date < otherDate ? otherDate < EarliestAfter(date, procedure, other.Procedure, In(rules, otherDate)) : date < EarliestAfter(otherDate, other.Procedure, procedure, In(rules, date));
        }) ? Problems.AlreadyBooked.Because("The interval to another booking of the donor is too short") : null;
    }

    /// <summary>
    /// The days that a booking takes of its person, for the database's own constraint: its own day for its procedure, and for each procedure those that come
    /// too soon after it. Says the same as <see cref="OthersForbid"/>; nothing while the rules' intervals are unknown.
    /// </summary>
    public static IReadOnlyList<BlockedDays> Blocks(string procedure, DateOnly date, IReadOnlyCollection<IntervalRules> rules)
    {
        if (rules.Count == 0) return [];
        var versions = rules.OrderBy(r => r.ValidFrom).DistinctBy(r => r.ValidFrom).ToArray();
        var blocks = new List<BlockedDays> { new(procedure, "on", [(date, date.AddDays(1))]) };
        foreach (var later in versions.SelectMany(r => r.Intervals).SelectMany(i => new[] { i.From, i.To }).Append(procedure).Distinct().Order(StringComparer.Ordinal))
        {
            // Each version forbids what it forbids from its first day to the day before the next one's.
            var days = versions.Select((r, i) => (From: i > 0 && r.ValidFrom > date ? r.ValidFrom : date, Until: i + 1 < versions.Length && versions[i + 1].ValidFrom < EarliestAfter(date, procedure, later, r) ? versions[i + 1].ValidFrom : EarliestAfter(date, procedure, later, r)));
            blocks.Add(new(later, "after", [.. days.Where(d => d.From < d.Until)]));
        }
        return blocks;
    }

    /// <summary>Which bookings of one person can't be kept beside those that were booked before them, or that he came to.</summary>
    public static HashSet<Guid> Superfluous(IReadOnlyCollection<OneOfBookings> bookings, IReadOnlyCollection<IntervalRules> rules)
    {
        var kept = new List<OtherBooking>();
        var superfluous = new HashSet<Guid>();
        foreach (var booking in bookings.OrderBy(b => b.CanBeGivenBack).ThenBy(b => b.BookedAt).ThenBy(b => b.AppointmentId))
        {
            // While the rules' intervals are unknown only what is beyond doubt is given back.
            if (booking.CanBeGivenBack && OthersForbid(booking.DriveId, booking.Procedure, booking.SlotStartsAt, kept, rules)?.Problem == Problems.AlreadyBooked) superfluous.Add(booking.AppointmentId);
            else kept.Add(new(booking.AppointmentId, booking.DriveId, booking.SlotStartsAt, booking.Procedure));
        }
        return superfluous;
    }

    /// <summary>
    /// The first date on which the second procedure is possible after the first: calendar months, then days; a month without that
    /// day ends with its last (2025-08-31 + 6 months = 2026-02-28). Never the same day, whatever the rules say.
    /// </summary>
    public static DateOnly EarliestAfter(DateOnly date, string from, string to, IntervalRules rules) =>
        rules.Intervals.Where(i => i.From == from && i.To == to).Select(i => date.AddMonths(i.Months).AddDays(i.Days)).Append(date.AddDays(1)).Max();

    private static IntervalRules In(IReadOnlyCollection<IntervalRules> rules, DateOnly date) =>
        rules.Where(r => r.ValidFrom <= date).MaxBy(r => r.ValidFrom) ?? rules.MinBy(r => r.ValidFrom)!;
}
