using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Until it is closed its station may read the donor's identity; a case that was closed before this came stays closed.</summary>
public static class OnLookbackOpened
{
    public static Task Handle(LookbackOpened e, Transaction tx)
    {
        tx.WriteAny("""
            insert into donor.lookback (id, donor_id, station_id, opened_at) values (@LookbackId, @DonorId, @station, @OccurredAt)
            on conflict (id) do update set opened_at = coalesce(lookback.opened_at, excluded.opened_at)
            """, new { e.LookbackId, e.DonorId, station = e.StationId ?? throw new InvalidOperationException("a look-back without its station"), e.OccurredAt });
        return Task.CompletedTask;
    }
}
