using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Partners.Features.Projections;

/// <summary>Every event of the platform waits for its place in the feed; some also say who may read others.</summary>
public static class OnAnyEvent
{
    public static Task Handle(DomainEvent e, Transaction tx, IServiceProvider services)
    {
        var type = EventTypes.Find(EventTypes.NameOf(e.GetType()))!;
        var data = JsonSerializer.SerializeToElement(e, e.GetType(), Json.Options);
        tx.WriteAny("""
            insert into partner.feed (event_id, source, type, subject, version, occurred_at, data, station_id, donor_id, drive_id, organisation_id, hospital_id, district, din)
            values (@EventId, @Publisher, @PublicName, @Key, @Version, @OccurredAt, @data::jsonb, @StationId, @donorId, @driveId, @organisationId, @hospitalId, @district, @din)
            on conflict (event_id) do nothing
            """, new
            {
                e.EventId, type.Publisher, type.PublicName, e.Key, e.Version, e.OccurredAt, data = data.GetRawText(), e.StationId,
                donorId = Id(data, "donorId") ?? Id(data, "survivorDonorId") ?? Id(data, "survivorId") ?? Id(data, "survivor"), driveId = Id(data, "driveId"),
                organisationId = Id(data, "organisationId") ?? Id(data, "organiserId"), hospitalId = Id(data, "hospitalId"), district = Text(data, "district"), din = Text(data, "din"),
            });
        switch (e)
        {
            case OrganisationRegistered o: OnOrganisation.Known(tx, o.OrganisationId, o.Version, o.Kind, o.District, o.Path, o.Status); break;
            case OrganisationChanged o: OnOrganisation.Known(tx, o.OrganisationId, o.Version, o.Kind, o.District, o.Path, o.Status); break;
            case DriveScheduled d: OnDrive.Known(tx, d.DriveId, d.Version, d.OrganiserId, d.StationId, d.District); break;
            case DriveChanged d: OnDrive.Known(tx, d.DriveId, d.Version, d.OrganiserId, d.StationId, d.District); break;
            case DonorRegistered d: OnDonor.Known(tx, d.DonorId, d.Version, d.District, d.Apps); break;
            case DonorChanged d: OnDonor.Known(tx, d.DonorId, d.Version, d.District, d.Apps); break;
            case DonorsMerged m: OnDonor.Means(tx, m.Donors, m.Survivor); break;
            case DonorsUnmerged m: OnDonor.Means(tx, m.Donors, m.Absorbed); break;
            case DonorErased d: OnDonor.Erased(tx, d.DonorId); break;
            default: break;
        }
        services.GetRequiredService<FeedHead>().ExpectMore();
        return Task.CompletedTask;
    }

    private static Guid? Id(JsonElement data, string property) => Text(data, property) is { } text && Guid.TryParse(text, out var id) ? id : null;

    private static string? Text(JsonElement data, string property) =>
        data.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
