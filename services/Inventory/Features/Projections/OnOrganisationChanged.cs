using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>A station that moved is another authority's.</summary>
public static class OnOrganisationChanged
{
    public static Task Handle(OrganisationChanged e, Transaction tx) => OnOrganisationRegistered.Keep(tx, e.Kind, e.OrganisationId, e.District, e.Version);
}
