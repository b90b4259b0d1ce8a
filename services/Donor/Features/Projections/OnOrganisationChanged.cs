using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Replaces what was known of the organisation.</summary>
public static class OnOrganisationChanged
{
    public static Task Handle(OrganisationChanged e, Transaction tx) => OnOrganisationRegistered.Upsert(tx, e.OrganisationId, e.District, e.Path, e.Version);
}
