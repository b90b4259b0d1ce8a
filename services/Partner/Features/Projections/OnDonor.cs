using BloodPlatform.Chassis;

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
}
