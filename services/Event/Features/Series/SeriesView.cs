using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>What the drives of a series are made from; its days and times are the series'.</summary>
public sealed record SeriesDrive(
    string Kind, string Visibility, string? Theme, VenueView Venue, int Minutes, int SlotMinutes, int CapacityPerSlot, int WalkInPerSlot, string[] Procedures, Guid? HostOrganisationId, IReadOnlyList<PartyView> Parties, Guid? SiteId = null, Guid? VehicleId = null, int? Staff = null);

/// <summary>The days that keep an occurrence free: an entry of a calendar, or a date of the series' own (no calendar).</summary>
public sealed record ExcludedView(Guid? CalendarId, string? Calendar, string Entry, DateOnly From, DateOnly To);

/// <summary>What this call did with a day: `made`, `updated`, `kept` (changed by hand: it stays though the series would have it otherwise), `dropped` or `skipped`, and the excluded days it fell into.</summary>
public sealed record PlannedView(DateOnly Day, string Outcome, Guid? DriveId, ExcludedView? ExcludedBy);

/// <summary>`startsAt` and `endsAt` are those of the first day. `planned` says what this call did; in readings it is null: `…/occurrences` lists all.</summary>
public sealed record SeriesView(
    Guid Id, Guid OrganisationId, Guid? StationId, string Rrule, DateTimeOffset StartsAt, DateTimeOffset EndsAt, SeriesDrive Drive, string Make, int HorizonDays, Guid[] ExclusionCalendarIds, string[] ExcludedDates, int? OpenDaysAhead,
    string Status, string? ReasonCode, DateOnly LastDay, DateOnly PlannedThrough, bool PlanningWaits, IReadOnlyList<PlannedView>? Planned, string[] AllowedActions);

internal sealed record SeriesRow
{
    public const string Select = """
        select s.id, s.version, s.organisation_id, o.path as organisation_path, s.station_id, s.rrule, s.starts_at, s.drive::text as drive, s.make, s.horizon_days, s.calendar_ids, s.excluded_dates::text[] as excluded_dates,
               s.status, s.reason_code, s.last_day, s.planned_through, s.replan, s.open_days_ahead
        from event.drive_series s join event.organisation o on o.id = s.organisation_id
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid OrganisationId { get; init; }
    public required Guid[] OrganisationPath { get; init; }
    public Guid? StationId { get; init; }
    public required string Rrule { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required string Drive { get; init; }
    public required string Make { get; init; }
    public required int HorizonDays { get; init; }
    public required Guid[] CalendarIds { get; init; }
    public required string[] ExcludedDates { get; init; }
    public required string Status { get; init; }
    public string? ReasonCode { get; init; }
    public required DateOnly LastDay { get; init; }
    public required DateOnly PlannedThrough { get; init; }
    public required bool Replan { get; init; }

    /// <summary>Days before that <see cref="OpenStanding"/> opens its drives; null: somebody does.</summary>
    public int? OpenDaysAhead { get; init; }

    public SeriesDrive Plan => JsonSerializer.Deserialize<SeriesDrive>(Drive, Json.Options)!;

    /// <summary>A station's own; an organiser's subtree's; of its districts an authority reads them.</summary>
    public bool IsManagedBy(Caller caller) => caller.Is(Roles.Organiser) ? OrganisationPath.Contains(caller.Tenant) : caller.Is(Roles.Station) && StationId == caller.Tenant;

    public bool IsReadableBy(Caller caller) => IsManagedBy(caller) || caller.Is(Roles.Admin) || (caller.Is(Roles.Authority) && Districts.Cover(caller.Districts, Plan.Venue.District));

    public SeriesView ViewFor(Caller caller, IReadOnlyList<PlannedView>? planned = null)
    {
        var plan = Plan;
        return new(Id, OrganisationId, StationId, Rrule, Shanghai.Local(StartsAt), Shanghai.Local(StartsAt.AddMinutes(plan.Minutes)), plan, Make, HorizonDays, CalendarIds, ExcludedDates, OpenDaysAhead,
            Status, ReasonCode, LastDay, PlannedThrough, Replan, planned, Status == "active" && IsManagedBy(caller) ? ["change", "end"] : []);
    }

    /// <summary>The drive of a day.</summary>
    public DriveRow DriveOf(DateOnly day, Guid id, DateTimeOffset now)
    {
        var (plan, startsAt) = (Plan, StartOn(day));
        return new()
        {
            Id = id, Version = 1, OrganisationId = OrganisationId, OrganisationPath = OrganisationPath, HostOrganisationId = plan.HostOrganisationId, StationId = StationId, Parties = JsonSerializer.Serialize(plan.Parties, Json.Options),
            Kind = plan.Kind, Visibility = plan.Visibility, Theme = plan.Theme, VenueName = plan.Venue.Name, VenueAddress = plan.Venue.Address, District = plan.Venue.District, Latitude = plan.Venue.Latitude, Longitude = plan.Venue.Longitude,
            StartsAt = startsAt, EndsAt = startsAt.AddMinutes(plan.Minutes), SlotMinutes = plan.SlotMinutes, CapacityPerSlot = plan.CapacityPerSlot, WalkInPerSlot = plan.WalkInPerSlot, Procedures = plan.Procedures,
            Status = Make, SubmittedAt = Make == "submitted" ? now : null, Backfilled = false, CreatedAt = now, SeriesId = Id, SeriesDay = day, SiteId = plan.SiteId, VehicleId = plan.VehicleId, Staff = plan.Staff,
        };
    }

    /// <summary>Why its drives can't be opened without anybody's doing: only a station's are, at a place of its own that could take them today.</summary>
    /// <param name="sites">Its site and vehicle.</param>
    public Rejection? StandingForbidden(IReadOnlyCollection<SiteFacts> sites, DateOnly today)
    {
        var plan = Plan;
        if (OpenDaysAhead is null) return null;
        if (OpenDaysAhead > HorizonDays) return CommonProblems.Invalid.Because(null, new FieldError("/openDaysAhead", "beyond_horizon", $"Drives are made {HorizonDays} days ahead"));
        if (Make != "submitted" || plan is { SiteId: null, VehicleId: null }) return CommonProblems.Invalid.Because("Only submitted drives at a site or with a vehicle of the station's own", new FieldError("/openDaysAhead", "not_standing", "make=submitted, and siteId or vehicleId"));
        return Rules.Sites.Forbid(StationId, today, plan.SiteId, plan.VehicleId, sites)
            ?? (Rules.Sites.Capacity(sites.Sum(s => s.Beds), plan.Staff, plan.SlotMinutes, plan.Procedures) is var most && plan.CapacityPerSlot + plan.WalkInPerSlot > most
                ? Problems.CapacityAboveSite.Because($"{plan.CapacityPerSlot + plan.WalkInPerSlot} places a slot; beds and staff allow {most}", new FieldError("/capacityPerSlot", "above_site", "Fewer, or approve each day by hand with a reason")) : null);
    }

    public DateTimeOffset StartOn(DateOnly day) => Shanghai.StartOf(day) + Shanghai.Local(StartsAt).TimeOfDay;
}

/// <summary>A series with what its planning needs, locked: its days from a date on, their drives, its calendars' entries.</summary>
internal sealed class SeriesFile(SeriesRow series, IReadOnlyList<ExcludedDays> excluded, IReadOnlyList<SeriesFile.OccurrenceRow> occurrences)
{
    /// <summary>Entries of calendars, for <see cref="ExcludedDays"/>; @calendars are their ids.</summary>
    public const string Entries = """
        select c.id as calendar_id, c.name as calendar, e.name as entry, e.from_date as "from", e.to_date as "to"
        from event.exclusion_entry e join event.exclusion_calendar c on c.id = e.calendar_id where c.id = any(@calendars) order by array_position(@calendars, c.id), e.from_date, e.number
        """;

    public SeriesRow Series => series;

    /// <summary>In one round trip: the series, then its drives (so that nobody changes one meanwhile), then what is known of them. Today's stays as it is.</summary>
    public static Task<SeriesFile?> Lock(Transaction tx, Guid id, IReadOnlyCollection<Guid>? calendars = null) => tx.Read($"""
        {SeriesRow.Select} where s.id = @id for update of s;
        select d.id from event.drive d where d.series_id = @id and d.series_day > @today order by d.id for update;
        select o.day, o.outcome, o.drive_id, o.drive_version, d.version as version_now, d.status as drive_status, o.entry
        from event.drive_occurrence o left join event.drive d on d.id = o.drive_id where o.series_id = @id and o.day > @today order by o.day;
        {Entries.Replace("@calendars", "coalesce(@calendars::uuid[], (select calendar_ids from event.drive_series where id = @id))", StringComparison.Ordinal)}
        """, new { id, calendars = calendars?.ToArray(), today = Shanghai.DateOf(tx.Now) }, async grid =>
    {
        var series = await grid.ReadSingleOrDefaultAsync<SeriesRow>();
        _ = await grid.ReadAsync<Guid>();
        var occurrences = await grid.ReadAsync<OccurrenceRow>();
        var entries = await grid.ReadAsync<EntryRow>();
        return series is null ? null : new SeriesFile(series, [.. entries.Select(e => e.Days)], [.. occurrences]);
    });

    /// <summary>A single date that the series itself leaves out.</summary>
    public static IEnumerable<ExcludedDays> OwnDates(IEnumerable<string> dates) => dates.Select(d => DateOnly.ParseExact(d, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)).Select(d => new ExcludedDays(null, null, "excluded-date", d, d));

    /// <summary>How far ahead drives are made now.</summary>
    public static DateOnly Horizon(DateOnly lastDay, int days, DateTimeOffset now) => Shanghai.DateOf(now).AddDays(days) is var ahead && ahead < lastDay ? ahead : lastDay;

    /// <summary>
    /// Brings drives and occurrences from tomorrow (of a new series from today) through <paramref name="after"/>'s PlannedThrough in
    /// line with it. The same again does nothing; two at once are settled by the lock, and by drive_one_per_occurrence.
    /// </summary>
    /// <param name="changed">What its drives are made from has changed.</param>
    public IReadOnlyList<PlannedView> Follow(Transaction tx, SeriesRow after, IReadOnlyList<DateOnly> days, bool changed)
    {
        var today = Shanghai.DateOf(tx.Now);
        var wanted = days.Where(d => d <= after.PlannedThrough && (d > today || (after.Version == 1 && occurrences.Count == 0 && series.Version == 0)) && after.StartOn(d) > tx.Now);
        var known = occurrences.ToDictionary(o => o.Day);
        var planned = new List<PlannedView>();
        foreach (var act in SeriesPlan.Reconcile(wanted, [.. occurrences.Select(o => o.State)], [.. excluded, .. OwnDates(after.ExcludedDates)], changed))
        {
            var before = known.GetValueOrDefault(act.Day);
            var drive = after.DriveOf(act.Day, act.Act == "make" ? tx.NewId() : before?.DriveId ?? Guid.Empty, tx.Now) with { Version = before?.VersionNow + 1 ?? 1 };
            switch (act.Act)
            {
                case "make":
                    drive = drive with { Version = 1 };
                    tx.Write(DriveRow.Insert, drive);
                    Remember(tx, act, "made", drive.Id, 1);
                    break;
                case "update":
                    tx.Write("""
                        update event.drive set version = @Version, venue_name = @VenueName, venue_address = @VenueAddress, district = @District, latitude = @Latitude, longitude = @Longitude, starts_at = @StartsAt, ends_at = @EndsAt,
                            slot_minutes = @SlotMinutes, capacity_per_slot = @CapacityPerSlot, walk_in_per_slot = @WalkInPerSlot, procedures = @Procedures, visibility = @Visibility, theme = @Theme, site_id = @SiteId, vehicle_id = @VehicleId, staff = @Staff
                        where id = @Id
                        """, drive);
                    Remember(tx, act, "made", drive.Id, drive.Version);
                    break;
                case "drop":
                    tx.Write("update event.drive set version = version + 1, status = 'cancelled', cancelled_at = @now, reason_code = @reason where id = @Id", new { drive.Id, now = tx.Now, reason = act.Because is not null ? "excluded-day" : after.Status == "ended" ? "series-ended" : "series-changed" });
                    Remember(tx, act, "dropped", drive.Id, drive.Version);
                    break;
                case "skip":
                    Remember(tx, act, "skipped", null, null);
                    break;
                case "keep":
                    Remember(tx, act, "kept", before!.DriveId, before.DriveVersion);
                    break;
                case "settle" when before is { Outcome: "made", Entry: null }: continue;
                case "settle":
                    Remember(tx, act, "made", before!.DriveId, before.DriveVersion);
                    continue;
                default:
                    tx.Write("delete from event.drive_occurrence where series_id = @Id and day = @Day", new { after.Id, act.Day });
                    continue;
            }
            planned.Add(new(act.Day, act.Act switch { "make" => "made", "update" => "updated", "drop" => "dropped", "skip" => "skipped", _ => "kept" }, act.Act == "skip" ? null : drive.Id,
                act.Because is { } b ? new(b.CalendarId, b.Calendar, b.Entry, b.From, b.To) : null));
        }
        return planned;

        void Remember(Transaction tx, PlannedAct act, string outcome, Guid? driveId, long? driveVersion) => tx.Write("""
            insert into event.drive_occurrence (series_id, day, outcome, drive_id, drive_version, calendar_id, calendar, entry, entry_from, entry_to)
            values (@Id, @Day, @outcome, @driveId, @driveVersion, @CalendarId, @Calendar, @Entry, @From, @To)
            on conflict (series_id, day) do update set outcome = excluded.outcome, drive_id = excluded.drive_id, drive_version = excluded.drive_version,
                calendar_id = excluded.calendar_id, calendar = excluded.calendar, entry = excluded.entry, entry_from = excluded.entry_from, entry_to = excluded.entry_to
            """, new { after.Id, act.Day, outcome, driveId, driveVersion, act.Because?.CalendarId, act.Because?.Calendar, act.Because?.Entry, act.Because?.From, act.Because?.To });
    }

    internal sealed record OccurrenceRow
    {
        public DateOnly Day { get; init; }
        public required string Outcome { get; init; }
        public Guid? DriveId { get; init; }
        public long? DriveVersion { get; init; }
        public long? VersionNow { get; init; }
        public string? DriveStatus { get; init; }
        public string? Entry { get; init; }

        public OccurrenceState State => new(Day, Outcome, DriveVersion == VersionNow && DriveStatus is "draft" or "submitted");
    }

    internal sealed record EntryRow
    {
        public Guid CalendarId { get; init; }
        public required string Calendar { get; init; }
        public required string Entry { get; init; }
        public DateOnly From { get; init; }
        public DateOnly To { get; init; }

        public ExcludedDays Days => new(CalendarId, Calendar, Entry, From, To);
    }
}
