using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.DriveRequests;

/// <summary>Days on which it would suit, both included.</summary>
public sealed record WishedDays(DateOnly From, DateOnly To);

/// <summary>A date that the station can come; `number` is what the organiser takes.</summary>
public sealed record OfferedDateView(int Number, DateTimeOffset StartsAt, DateTimeOffset EndsAt, int SlotMinutes, int CapacityPerSlot, int WalkInPerSlot, string[] Procedures);

internal sealed record RequestedDrive(string Kind, string Visibility, string? Theme, VenueView Venue, Guid? HostOrganisationId);

/// <summary>
/// `status` is `asked`, `offered`, `taken`, `declined` or `expired` (`reasonCode` `offer-expired` or `wishes-passed`); `declinedBy` is the role that did. `note` is for the two who talk.
/// </summary>
public sealed record DriveRequestView(
    Guid Id, Guid OrganisationId, Guid? StationId, string Kind, string Visibility, string? Theme, VenueView Venue, Guid? HostOrganisationId, IReadOnlyList<WishedDays> Wishes, int ExpectedDonors, string? Note,
    string Status, IReadOnlyList<OfferedDateView> Offers, DateTimeOffset? OfferedUntil, string? DeclinedBy, string? ReasonCode, Guid? DriveId, DateTimeOffset AskedAt, DateTimeOffset? SettledAt, string[] AllowedActions);

internal sealed record DriveRequestRow
{
    public const string Select = """
        select r.id, r.version, r.organisation_id, o.path as organisation_path, r.station_id, r.drive::text as drive, r.district, r.wishes::text as wishes, r.expected_donors, r.last_wish, r.note, r.status, r.offers::text as offers,
               r.offered_until, r.declined_by, r.reason_code, r.drive_id, r.asked_at, r.settled_at, r.whichever, r.declined_stations, event.stations_of(r.district) as stations
        from event.drive_request r join event.organisation o on o.id = r.organisation_id
        """;

    public const string ForUpdate = Select + " where r.id = @id for update of r";

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid OrganisationId { get; init; }
    public required Guid[] OrganisationPath { get; init; }
    public Guid? StationId { get; init; }
    public required string Drive { get; init; }
    public required string District { get; init; }
    public required string Wishes { get; init; }
    public required int ExpectedDonors { get; init; }
    public required DateOnly LastWish { get; init; }
    public string? Note { get; init; }
    public required string Status { get; init; }
    public required string Offers { get; init; }
    public DateTimeOffset? OfferedUntil { get; init; }
    public string? DeclinedBy { get; init; }
    public string? ReasonCode { get; init; }
    public Guid? DriveId { get; init; }
    public required DateTimeOffset AskedAt { get; init; }
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>Asked of whichever station serves the district; those that have declined it, and all that serve it.</summary>
    public required bool Whichever { get; init; }
    public Guid[] DeclinedStations { get; init; } = [];
    public Guid[] Stations { get; init; } = [];

    public RequestedDrive Plan => JsonSerializer.Deserialize<RequestedDrive>(Drive, Json.Options)!;

    public OfferedDateView[] Offered => JsonSerializer.Deserialize<OfferedDateView[]>(Offers, Json.Options)!;

    /// <summary>Time ends a request without anybody's doing; nothing is stored for it.</summary>
    public string StatusAt(DateTimeOffset now) => RequestLifecycle.StatusAt(Status, OfferedUntil, LastWish, now);

    public bool IsVisibleTo(Caller caller) => caller.Role switch
    {
        Roles.Organiser => OrganisationPath.Contains(caller.Tenant),
        Roles.Station => StationId == caller.Tenant || (StationId is null && Stations.Contains(caller.Tenant)),
        Roles.Authority => Districts.Cover(caller.Districts, District),
        Roles.Admin => true,
        _ => false,
    };

    public bool HasDeclined(Caller caller) => caller.Is(Roles.Station) && StationId is null && DeclinedStations.Contains(caller.Tenant);

    public DriveRequestView ViewFor(Caller caller, DateTimeOffset now)
    {
        var (plan, status) = (Plan, StatusAt(now));
        return new(Id, OrganisationId, StationId, plan.Kind, plan.Visibility, plan.Theme, plan.Venue, plan.HostOrganisationId, JsonSerializer.Deserialize<WishedDays[]>(Wishes, Json.Options)!, ExpectedDonors, caller.Role is Roles.Organiser or Roles.Station ? Note : null,
            status, Offered, OfferedUntil, DeclinedBy, status != "expired" ? ReasonCode : Status == "offered" ? "offer-expired" : "wishes-passed", DriveId, AskedAt, SettledAt, [.. RequestLifecycle.AllowedActions(caller.Role, Status, status).Where(a => a != "decline" || !HasDeclined(caller))]);
    }
}
