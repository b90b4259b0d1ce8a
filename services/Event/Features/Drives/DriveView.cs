using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Drives;

public sealed record VenueView(string Name, string Address, string District, double? Latitude, double? Longitude);

public sealed record PartyView(Guid OrganisationId, string Role);

/// <summary>A drive as answered. What only those who run it need to know (reasons) is null for others.</summary>
public sealed record DriveView(
    Guid Id, Guid OrganisationId, Guid? HostOrganisationId, Guid? StationId, IReadOnlyList<PartyView> Parties, string Kind, string Visibility, string? Theme, string? Description, VenueView Venue, string? MeetingPoint,
    DateTimeOffset StartsAt, DateTimeOffset EndsAt, int SlotMinutes, int CapacityPerSlot, int WalkInPerSlot, string[] Procedures, string Status,
    bool Backfilled, string? BackfillReason, string? ReasonCode,
    DateTimeOffset? SubmittedAt, DateTimeOffset? ApprovedAt, DateTimeOffset? OpenedAt, DateTimeOffset? StartedAt, DateTimeOffset? ClosedAt, DateTimeOffset? CancelledAt,
    double? DistanceKm, Guid? SeriesId, Guid? SiteId, Guid? VehicleId, int? Staff, string[] AllowedActions);

/// <summary>The body of a step; `{}` is one. `at` is for backfilled drives, whose steps happened earlier.</summary>
public sealed record DriveStepRequest(DateTimeOffset? At = null);

internal record DriveRow
{
    public const string Columns = """
        d.id, d.version, d.organisation_id, o.path as organisation_path, d.host_organisation_id, d.station_id, d.parties::text as parties, d.kind, d.visibility, d.theme, d.description, d.meeting_point,
        d.venue_name, d.venue_address, d.district, d.latitude, d.longitude, d.starts_at, d.ends_at, d.slot_minutes, d.capacity_per_slot, d.walk_in_per_slot, d.procedures,
        d.status, d.backfilled, d.backfill_reason, d.reason_code, d.submitted_at, d.approved_at, d.opened_at, d.started_at, d.closed_at, d.cancelled_at, d.postponed_at, d.series_id, d.site_id, d.vehicle_id, d.staff,
        case when d.station_id is null and d.status = 'submitted' then event.stations_of(d.district) else '{}' end as stations
        """;

    public const string ById = $"select {Columns}, {PartnerTenants} from event.drive d join event.organisation o on o.id = d.organisation_id where d.id = @id";

    public const string ForUpdate = $"select {Columns} from event.drive d join event.organisation o on o.id = d.organisation_id where d.id = @id for update of d";

    private const string PartnerTenants = """
        array(select unnest(x.path) from event.organisation x
              where x.id = any(array(select (p ->> 'organisationId')::uuid from jsonb_array_elements(d.parties) p where p ->> 'role' = 'co-organiser') || d.host_organisation_id)) as partners
        """;

    public const string Insert = """
        insert into event.drive (id, version, organisation_id, host_organisation_id, station_id, parties, kind, visibility, theme, description, meeting_point, venue_name, venue_address, district, latitude, longitude,
            starts_at, ends_at, slot_minutes, capacity_per_slot, walk_in_per_slot, procedures, status, backfilled, backfill_reason, submitted_at, approved_at, series_id, series_day, request_id, site_id, vehicle_id, staff, created_at)
        values (@Id, @Version, @OrganisationId, @HostOrganisationId, @StationId, @Parties::jsonb, @Kind, @Visibility, @Theme, @Description, @MeetingPoint, @VenueName, @VenueAddress, @District, @Latitude, @Longitude,
            @StartsAt, @EndsAt, @SlotMinutes, @CapacityPerSlot, @WalkInPerSlot, @Procedures, @Status, @Backfilled, @BackfillReason, @SubmittedAt, @ApprovedAt, @SeriesId, @SeriesDay, @RequestId, @SiteId, @VehicleId, @Staff, @CreatedAt)
        """;

    /// <summary>The slots of a drive that is approved; as many rows as its plan has slots.</summary>
    public const string MakeSlots = """
        insert into event.slot (drive_id, starts_at, ends_at, capacity, booked, walk_in)
        select @Id, s, s + make_interval(mins => @SlotMinutes), @CapacityPerSlot, 0, @WalkInPerSlot
        from generate_series(0, @Days - 1) as day, generate_series(0, @SlotsOfDay - 1) as n, lateral (select @StartsAt::timestamptz + make_interval(hours => 24 * day, mins => @SlotMinutes * n)) as x(s)
        on conflict (drive_id, starts_at) do nothing
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid OrganisationId { get; init; }
    public required Guid[] OrganisationPath { get; init; }

    /// <summary>The host, the co-organisers and those above them; read for reading only.</summary>
    public Guid[] Partners { get; init; } = [];
    public Guid? HostOrganisationId { get; init; }
    public Guid? StationId { get; init; }

    /// <summary>Those that may take it on: submitted to whichever station serves its district.</summary>
    public Guid[] Stations { get; init; } = [];
    public required string Parties { get; init; }
    public required string Kind { get; init; }
    public required string Visibility { get; init; }
    public string? Theme { get; init; }
    public string? Description { get; init; }
    public string? MeetingPoint { get; init; }
    public required string VenueName { get; init; }
    public required string VenueAddress { get; init; }
    public required string District { get; init; }
    public double? Latitude { get; init; }
    public double? Longitude { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required DateTimeOffset EndsAt { get; init; }
    public required int SlotMinutes { get; init; }
    public required int CapacityPerSlot { get; init; }
    public required int WalkInPerSlot { get; init; }
    public required string[] Procedures { get; init; }
    public required string Status { get; init; }
    public required bool Backfilled { get; init; }
    public string? BackfillReason { get; init; }
    public string? ReasonCode { get; init; }
    public DateTimeOffset? SubmittedAt { get; init; }
    public DateTimeOffset? ApprovedAt { get; init; }
    public DateTimeOffset? OpenedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public DateTimeOffset? CancelledAt { get; init; }
    public DateTimeOffset? PostponedAt { get; init; }

    /// <summary>The series that made it; it may have been changed by hand since.</summary>
    public Guid? SeriesId { get; init; }

    /// <summary>Of its station's sites and vehicles; null where the venue is no site of it.</summary>
    public Guid? SiteId { get; init; }
    public Guid? VehicleId { get; init; }

    /// <summary>Who draw blood there at a time.</summary>
    public int? Staff { get; init; }

    /// <summary>The day of the series that it stands for, wherever it was moved; written once, never read.</summary>
    public DateOnly? SeriesDay { get; init; }

    /// <summary>The request that it answers; written once, never read.</summary>
    public Guid? RequestId { get; init; }

    /// <summary>Written once, never read.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    public DriveState State => new(Status, StartsAt, EndsAt, Backfilled, StationId is not null, new[] { SubmittedAt, ApprovedAt, OpenedAt, StartedAt, PostponedAt }.Max());

    /// <summary>It was approved, and is neither over nor cancelled.</summary>
    public bool HasSlots => Status is "approved" or "open" or "started" or "postponed";

    public DrivePlace Place => new(VenueName, VenueAddress, District, Latitude, Longitude, MeetingPoint, StartsAt);

    public DrivePlan Plan => new(StartsAt, EndsAt, SlotMinutes, Procedures);

    /// <summary>For <see cref="MakeSlots"/>.</summary>
    public int Days => Plan.Days;

    /// <summary>For <see cref="MakeSlots"/>.</summary>
    public int SlotsOfDay => Plan.SlotsOfDay;

    /// <summary>
    /// A station runs its own drives and sees what is submitted to whichever station serves the district; an organiser its subtree's; an
    /// authority its districts'. For everybody else the drive does not exist.
    /// </summary>
    public bool IsManagedBy(Caller caller) => caller.Role switch
    {
        Roles.Station => StationId == caller.Tenant || Stations.Contains(caller.Tenant),
        Roles.Organiser => OrganisationPath.Contains(caller.Tenant),
        Roles.Authority => Districts.Cover(caller.Districts, District),
        Roles.Admin => true,
        _ => false,
    };

    /// <summary>Host and co-organisers follow a drive and see what its organiser sees of its results. They take no step: whose drive it is stays clear.</summary>
    public bool IsFollowedBy(Caller caller) => caller.Is(Roles.Organiser) && Partners.Contains(caller.Tenant);

    /// <summary>Without a token: what is meant for the public, while one can still go there. Apps also show their donors drives of organisations, and past ones.</summary>
    public bool IsReadableBy(Caller? caller) =>
        (caller is not null && (IsManagedBy(caller) || IsFollowedBy(caller)))
        || (caller?.Role is Roles.App && Status is not ("draft" or "submitted"))
        || (Visibility is "public" or "unlisted" && Status is "approved" or "open" or "started");

    public DriveView ViewFor(Caller? caller, DateTimeOffset now, double? distanceKm = null)
    {
        var inside = caller is not null && IsManagedBy(caller);
        return new(Id, OrganisationId, HostOrganisationId, StationId, JsonSerializer.Deserialize<PartyView[]>(Parties, Json.Options)!, Kind, Visibility, Theme, Description,
            new VenueView(VenueName, VenueAddress, District, Latitude, Longitude), MeetingPoint, Shanghai.Local(StartsAt), Shanghai.Local(EndsAt), SlotMinutes, CapacityPerSlot, WalkInPerSlot, Procedures, Status,
            Backfilled, inside ? BackfillReason : null, inside ? ReasonCode : null, SubmittedAt, ApprovedAt, OpenedAt, StartedAt, ClosedAt, CancelledAt, distanceKm, SeriesId, SiteId, VehicleId, Staff,
            inside ? DriveLifecycle.AllowedActions(caller!.Role, State, now) : []);
    }

    public DriveScheduled ToScheduled(DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at, StationId = StationId,
        DriveId = Id, OrganiserId = OrganisationId, HostOrganisationId = HostOrganisationId, Kind = Kind, Visibility = Visibility, Theme = Theme,
        VenueName = VenueName, VenueAddress = VenueAddress, District = District, StartsAt = StartsAt, EndsAt = EndsAt, SlotMinutes = SlotMinutes,
        CapacityPerSlot = CapacityPerSlot, Procedures = Procedures, Status = Status, Backfilled = Backfilled,
    };

    public DriveChanged ToChanged(DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at, StationId = StationId,
        DriveId = Id, OrganiserId = OrganisationId, HostOrganisationId = HostOrganisationId, Kind = Kind, Visibility = Visibility, Theme = Theme,
        VenueName = VenueName, VenueAddress = VenueAddress, District = District, StartsAt = StartsAt, EndsAt = EndsAt, SlotMinutes = SlotMinutes,
        CapacityPerSlot = CapacityPerSlot, Procedures = Procedures, Status = Status, Backfilled = Backfilled,
    };
}

/// <summary>A public endpoint shows more to those who sign in.</summary>
internal static class Viewer
{
    /// <summary>The caller, when a valid token with the scope came along; null for the public.</summary>
    public static Caller? Of(HttpContext http, string scope) =>
        http.User.Identity is { IsAuthenticated: true } && Caller.From(http.User, null) is var caller && caller.Scopes.Contains(scope) ? caller : null;
}
