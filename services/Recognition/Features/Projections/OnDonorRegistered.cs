using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>A donor became known: asked for, he has zeroes. Both of Donor's events carry the whole state, so the newest of either stands.</summary>
public static class OnDonorRegistered
{
    public static Task Handle(DonorRegistered e, Transaction tx)
    {
        Put(tx, e.DonorId, e.Version, e.Status, e.Apps);
        return Task.CompletedTask;
    }

    internal static void Put(Transaction tx, Guid donorId, long version, string status, Guid[] apps) => tx.WriteAny("""
        insert into recognition.donor (donor_id, state_version, status, apps) values (@donorId, @version, @status, @apps)
        on conflict (donor_id) do update set state_version = excluded.state_version, status = excluded.status, apps = excluded.apps
        where excluded.state_version > donor.state_version
        """, new { donorId, version, status, apps });
}
