using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Numbers that a station may use. A block never changes.</summary>
public static class OnDinBlockIssued
{
    public static Task Handle(DinBlockIssued e, Transaction tx)
    {
        var (first, last) = (Din.Split(e.First), Din.Split(e.Last));
        // The numbers are one station's: without it nobody may use them.
        tx.WriteAny("""
            insert into donor.din_block (block_id, station_id, prefix, first_sequence, last_sequence) values (@BlockId, @station, @Prefix, @first, @last) on conflict (block_id) do nothing
            """, new { e.BlockId, station = e.StationId ?? Guid.Empty, first.Prefix, first = first.Sequence, last = last.Sequence });
        return Task.CompletedTask;
    }
}
