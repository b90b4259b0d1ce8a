using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Organisations that a donor can belong to, and where a station without a drive stands.</summary>
public static class OnOrganisationRegistered
{
    public static Task Handle(OrganisationRegistered e, Transaction tx) => Upsert(tx, e.OrganisationId, e.District, e.Path, e.Version);

    internal static Task Upsert(Transaction tx, Guid organisationId, string district, Guid[] path, long version)
    {
        tx.WriteAny("""
            insert into donor.organisation (organisation_id, district, path, state_version) values (@organisationId, @district, @path, @version)
            on conflict (organisation_id) do update set district = excluded.district, path = excluded.path, state_version = excluded.state_version where excluded.state_version > organisation.state_version
            """, new { organisationId, district, path, version });
        return Task.CompletedTask;
    }
}
