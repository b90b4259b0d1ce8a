using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Features.Projections;

/// <summary>Organisations: tenants of clients, and the subtree an organiser reads. Registered and changed both carry the whole state, so the newest version wins, whichever came first.</summary>
public static class OnOrganisation
{
    public static void Known(Transaction tx, Guid id, long version, string kind, string district, Guid[] path, string status) => tx.WriteAny("""
        insert into partner.organisation as o (id, version, kind, district, path, status) values (@id, @version, @kind, @district, @path, @status)
        on conflict (id) do update set version = excluded.version, kind = excluded.kind, district = excluded.district, path = excluded.path, status = excluded.status
        where excluded.version > o.version
        """, new { id, version, kind, district, path, status });
}
