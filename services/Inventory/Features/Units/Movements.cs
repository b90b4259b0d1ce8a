using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Storage;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>
/// The history of every bag. Queue the movement before the update: it takes the status the bag leaves from its row. A bag that leaves the station's hands, or is no more, is at no
/// place of storage any more.
/// </summary>
internal static class Movements
{
    /// <param name="to">The status it enters; null when it stays where it is (a hold).</param>
    /// <param name="code">A reason's or hold's code, never free text.</param>
    public static void Moved(this Transaction tx, Guid[] units, string kind, string? to, Caller? caller, DateTimeOffset? at = null, Guid? orderId = null, Guid? hospitalId = null, string? code = null)
    {
        if (to is "issued" or "received" or "transfused" or "discarded" or "consumed" or "unaccounted") StoreUnits.End(tx, units, at ?? tx.Now);
        tx.Write("""
            insert into inventory.unit_movement (unit_id, din, kind, from_status, to_status, at, recorded_at, order_id, hospital_id, staff_id, client_id, code)
            select u.id, u.din, @kind, case when @kind = 'made' then null else u.status end, coalesce(@to, u.status), @at, @now, @orderId, @hospitalId, @staff, @client, @code
            from inventory.unit u where u.id = any(@units)
            """, new { units, kind, to, at = at ?? tx.Now, now = tx.Now, orderId, hospitalId, staff = caller?.Staff?.Id, client = caller?.ClientId, code }, rows: units.Length);
    }
}
