using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Sites;

/// <param name="QualifiedUntil">Its last day; null: not qualified, no drive there is approved.</param>
public sealed record SiteView(Guid Id, Guid StationId, string Kind, VenueView Venue, int Beds, bool Power, bool Water, bool Indoor, string? QualificationNumber, DateOnly? QualifiedUntil, string[] AllowedActions);

/// <summary>A room of the station (`fixed`), a place it visits (`visited`) or a `vehicle`. Also the whole new state of one.</summary>
public sealed record SiteRequest(
    [property: AllowedValues("fixed", "visited", "vehicle")] string Kind,
    VenueRequest Venue,
    [property: Range(0, 200)] int Beds,
    bool Power = true,
    bool Water = true,
    bool Indoor = true,
    [property: StringLength(80, MinimumLength = 1)] string? QualificationNumber = null,
    DateOnly? QualifiedUntil = null) : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (QualificationNumber is null != QualifiedUntil is null) yield return new("A qualification has a number and a last day", [QualificationNumber is null ? nameof(QualificationNumber) : nameof(QualifiedUntil)]);
    }
}

internal sealed record SiteRow
{
    public const string Select = "select s.id, s.version, s.station_id, s.kind, s.name, s.address, s.district, s.latitude, s.longitude, s.beds, s.power, s.water, s.indoor, s.qualification_number, s.qualified_until from event.site s";

    /// <summary>Of the drive @id, and @siteId and @vehicleId; they stay qualified while the caller decides.</summary>
    public const string OfDrive = Select + " where s.id = any(array(select unnest(array[d.site_id, d.vehicle_id]) from event.drive d where d.id = @id) || array[@siteId, @vehicleId]::uuid[]) order by s.id for share";

    /// <summary>Of a site and a vehicle.</summary>
    public static async Task<List<SiteFacts>> FactsOf(Transaction tx, Guid? siteId, Guid? vehicleId) =>
        (await tx.Query<SiteRow>(Select + " where s.id = any(array[@siteId, @vehicleId]::uuid[]) order by s.id", new { siteId, vehicleId })).ConvertAll(s => s.Facts);

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid StationId { get; init; }
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required string Address { get; init; }
    public required string District { get; init; }
    public double? Latitude { get; init; }
    public double? Longitude { get; init; }
    public required int Beds { get; init; }
    public required bool Power { get; init; }
    public required bool Water { get; init; }
    public required bool Indoor { get; init; }
    public string? QualificationNumber { get; init; }
    public DateOnly? QualifiedUntil { get; init; }

    public SiteFacts Facts => new(Id, Kind, StationId, Beds, QualifiedUntil);

    public SiteView ViewFor(Caller caller) => new(Id, StationId, Kind, new(Name, Address, District, Latitude, Longitude), Beds, Power, Water, Indoor, QualificationNumber, QualifiedUntil, caller.Is(Roles.Station) && caller.Tenant == StationId ? ["change"] : []);

    public static SiteRow From(SiteRequest r, Guid id, long version, Guid station) => new()
    {
        Id = id, Version = version, StationId = station, Kind = r.Kind, Name = r.Venue.Name, Address = r.Venue.Address, District = r.Venue.District, Latitude = r.Venue.Latitude, Longitude = r.Venue.Longitude,
        Beds = r.Beds, Power = r.Power, Water = r.Water, Indoor = r.Indoor, QualificationNumber = r.QualificationNumber, QualifiedUntil = r.QualifiedUntil,
    };

    public object At(DateTimeOffset now) => new { Id, Version, StationId, Kind, Name, Address, District, Latitude, Longitude, Beds, Power, Water, Indoor, QualificationNumber, until = QualifiedUntil?.ToString("O"), now };
}
