using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>Where and when, as a booked donor knows it.</summary>
public sealed record DrivePlace(string Venue, string Address, string District, double? Latitude, double? Longitude, string? MeetingPoint, DateTimeOffset StartsAt);

/// <summary>
/// What may still change of a drive that has been approved: its words by whoever plans it; when, where and for how many only by its station, with a
/// reason; how it is cut into slots and what it offers by nobody, because bookings stand on it: cancel it and plan another.
/// </summary>
public static class DriveFields
{
    /// <summary>As far as a donor may have to walk before it is another place, in metres.</summary>
    public const double MaterialMetres = 100;

    private static readonly string[] Words = ["theme", "description", "meetingPoint"];
    private static readonly string[] OfNobody = ["slotMinutes", "procedures"];
    private static readonly string[] OfTime = ["startsAt", "endsAt"];

    /// <param name="changed">Names of fields that would be otherwise.</param>
    /// <returns>field_locked or invalid_value with each field, or null.</returns>
    public static Rejection? Forbids(string role, string status, IReadOnlyCollection<string> changed, string? reason)
    {
        var locked = changed.Where(f => OfNobody.Contains(f) || (OfTime.Contains(f) && status == "started") || (role != Roles.Station && !Words.Contains(f))).ToArray();
        if (locked.Length > 0)
            return Problems.FieldLocked.Because(role == Roles.Station ? "Bookings stand on it: cancel the drive and plan another" : "Only the drive's station changes it, with a reason", [.. locked.Select(f => new FieldError(Pointer(f), "locked", $"Locked since the drive was approved; the drive is {status}"))]);
        return reason is null && changed.Any(f => !Words.Contains(f)) ? CommonProblems.Invalid.Because("A locked field is changed with a reason", new FieldError("/reason", "required", "Why it must change")) : null;
    }

    /// <summary>Whether whoever is booked must be told: another time, another place to go to.</summary>
    public static bool IsMaterial(DrivePlace before, DrivePlace after) =>
        before.StartsAt != after.StartsAt || before.Venue != after.Venue || before.Address != after.Address || before.District != after.District || before.MeetingPoint != after.MeetingPoint
        || (before is { Latitude: { } y1, Longitude: { } x1 } && after is { Latitude: { } y2, Longitude: { } x2 } && Metres(y1, x1, y2, x2) >= MaterialMetres);

    private static double Metres(double y1, double x1, double y2, double x2) =>
        111_195 * Math.Sqrt(Math.Pow(y2 - y1, 2) + Math.Pow((x2 - x1) * Math.Cos((y1 + y2) / 2 * Math.PI / 180), 2));

    private static string Pointer(string field) => "/" + field.Replace('.', '/');
}
