using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>Waiting for a place at a full drive: who may wait, and how long an offered place is held.</summary>
public static class Waitlist
{
    /// <summary>Nobody is woken, and nobody's offer runs out in his sleep (Shanghai).</summary>
    public static readonly TimeSpan Wakes = TimeSpan.FromHours(8), Sleeps = TimeSpan.FromHours(22);

    /// <summary>When an offer made now is told: at once by day, else in the morning.</summary>
    public static DateTimeOffset ToldAt(DateTimeOffset now)
    {
        var day = Shanghai.StartOf(Shanghai.DateOf(now));
        return now < day + Wakes ? day + Wakes : now >= day + Sleeps ? day.AddDays(1) + Wakes : now;
    }

    /// <summary>Until when it holds the place: its minutes from when it is told, and never beyond the slot's start.</summary>
    public static DateTimeOffset ExpiresAt(DateTimeOffset now, int minutes, DateTimeOffset slotStartsAt) =>
        ToldAt(now).AddMinutes(minutes) is var until && until < slotStartsAt ? until : slotStartsAt;

    /// <summary>Whether one can wait for any of the slots: they are to come, and none of them can be had by booking.</summary>
    /// <returns>drive_not_open, slot_unknown, slot_over, places_left, or null.</returns>
    public static Rejection? Forbids(BookableDrive drive, IReadOnlyCollection<BookableSlot> slots, DateTimeOffset now) =>
        drive.Status is not ("open" or "started") ? Problems.DriveNotOpen.Because($"The drive is {drive.Status}")
        : slots.Count == 0 ? Problems.SlotUnknown.Because("GET /v1/drives/{id}/slots lists them", new FieldError("/slotStartsAt", "unknown", "No slot starts then"))
        : slots.All(s => s.StartsAt <= now) ? Problems.SlotOver.Because("It has begun")
        : slots.Any(s => s.StartsAt > now && s.HasRoomFor("booking")) ? Problems.PlacesLeft.Because("POST /v1/appointments books one")
        : null;
}
