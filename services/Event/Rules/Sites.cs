using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>A site or vehicle as the drives at it depend on it.</summary>
/// <param name="QualifiedUntil">Its last day; null: not qualified.</param>
public sealed record SiteFacts(Guid Id, string Kind, Guid StationId, int Beds, DateOnly? QualifiedUntil);

/// <summary>Where a drive may take place, and how many donors it can take there.</summary>
public static class Sites
{
    /// <summary>Beds that one who draws blood attends at a time. A figure for planning; no rule names one.</summary>
    public const int BedsPerStaff = 2;

    /// <summary>Minutes that a donor has a bed, from lying down to being observed. Figures for planning.</summary>
    public const int WholeBloodMinutes = 20, ApheresisMinutes = 90;

    /// <summary>How many donors a slot can take: beds that are attended × minutes of the slot ÷ minutes of a donor, whole donors only.</summary>
    /// <param name="staff">Null: enough for all beds.</param>
    public static int Capacity(int beds, int? staff, int slotMinutes, IReadOnlyCollection<string> procedures) =>
        Math.Min(beds, staff * BedsPerStaff ?? beds) * slotMinutes / (procedures.Contains("whole-blood") ? WholeBloodMinutes : ApheresisMinutes);

    /// <summary>Why the drive can't take place there on that day.</summary>
    /// <param name="lastDay">The Shanghai date on which it ends.</param>
    /// <returns>site_unknown, site_not_qualified, or null.</returns>
    public static Rejection? Forbid(Guid? stationId, DateOnly lastDay, Guid? siteId, Guid? vehicleId, IReadOnlyCollection<SiteFacts> known)
    {
        foreach (var (id, field, isVehicle) in new[] { (siteId, "/siteId", false), (vehicleId, "/vehicleId", true) })
        {
            if (id is null) continue;
            if (known.FirstOrDefault(s => s.Id == id && s.StationId == stationId && s.Kind == "vehicle" == isVehicle) is not { } site) return Problems.SiteUnknown.Because(isVehicle ? "No vehicle of the drive's station" : "No site of the drive's station", new FieldError(field, "unknown", "GET /v1/sites lists them"));
            if (!(site.QualifiedUntil >= lastDay)) return Problems.SiteNotQualified.Because(site.QualifiedUntil is { } until ? $"Qualified until {until:yyyy-MM-dd}; the drive ends on {lastDay:yyyy-MM-dd}" : "It has no qualification", new FieldError(field, "not_qualified", "Renew the qualification first"));
        }
        return null;
    }
}
