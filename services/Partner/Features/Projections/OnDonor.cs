using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Partners.Features.Projections;

/// <summary>Donors: which apps act for them. An app that no longer does reads nothing of them from that moment, not even the past.</summary>
public static class OnDonor
{
    public static void Known(Transaction tx, Guid id, long version, string? district, Guid[] apps) => tx.WriteAny("""
        insert into partner.donor as d (id, version, district, apps) values (@id, @version, @district, @apps)
        on conflict (id) do update set version = excluded.version, district = excluded.district, apps = excluded.apps
        where excluded.version > d.version
        """, new { id, version, district, apps });

    /// <summary>He asked for erasure: the apps that acted for him learn it, so that they erase what they have, and lose the rest.</summary>
    public static void Erased(Transaction tx, Guid id) => tx.WriteAny("""
        insert into partner.donor (id, version, apps, erased) values (@id, 0, '{}', true) on conflict (id) do update set erased = true
        """, new { id });

    /// <summary>Whom donors' ids mean from now on: of each the greatest version stands, whatever came first.</summary>
    public static void Means(Transaction tx, MovedDonor[] donors, Guid person) => tx.WriteAny("""
        insert into partner.donor_person (donor_id, person_id, version) select m.id, @person, m.version from unnest(@ids, @versions) as m(id, version)
        on conflict (donor_id) do update set person_id = excluded.person_id, version = excluded.version where excluded.version > donor_person.version
        """, new { person, ids = donors.Select(d => d.DonorId).ToArray(), versions = donors.Select(d => d.Version).ToArray() });
}
