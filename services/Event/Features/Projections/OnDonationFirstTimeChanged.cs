using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>Another donation is a donor's first: results follow, whether the collection came before this or comes later.</summary>
public static class OnDonationFirstTimeChanged
{
    public static Task Handle(DonationFirstTimeChanged e, Transaction tx)
    {
        OnDonationCorrected.LockNumber(tx, e.Din);
        tx.WriteAny("""
            insert into event.donation_first_time (din, version, first_time) values (@Din, @Version, @FirstTime)
            on conflict (din) do update set version = excluded.version, first_time = excluded.first_time where excluded.version > donation_first_time.version
            """, e);
        Apply(tx, e.Din);
        return Task.CompletedTask;
    }

    internal static void Apply(Transaction tx, string din) => tx.WriteAny("update event.donation d set first_time = f.first_time from event.donation_first_time f where f.din = d.din and d.din = @din", new { din });
}
