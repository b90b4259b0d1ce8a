using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Nobody reads an identity in it any more, even where its closing comes before its opening.</summary>
public static class OnLookbackClosed
{
    public static Task Handle(LookbackClosed e, Transaction tx)
    {
        tx.WriteAny("""
            insert into donor.lookback (id, donor_id, station_id, closed_at) values (@LookbackId, @DonorId, @station, @OccurredAt)
            on conflict (id) do update set closed_at = coalesce(lookback.closed_at, excluded.closed_at)
            """, new { e.LookbackId, e.DonorId, station = e.StationId ?? throw new InvalidOperationException("a look-back without its station"), e.OccurredAt });
        return Task.CompletedTask;
    }
}
