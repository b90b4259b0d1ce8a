namespace BloodPlatform.Inventory.Features.Donations;

/// <summary>
/// The chassis' rule of freshness (<see cref="Chassis.Freshness"/>) for many donors in one statement that rides in a read: one
/// question per donor would be one round trip each.
/// </summary>
internal static class DonorFreshness
{
    /// <summary>Keys among those of the query that are not fresh. Takes @sealNotBefore.</summary>
    public static string StaleAmong(string keys) => $$"""
        select distinct k.key from ({{keys}}) as k(key)
        where not exists (
            select from {schema}.seal s where s.service = 'donor' and s.through >= @sealNotBefore and not k.key = any(s.held_keys)
               and not exists (select from {schema}.seal_await a where a.service = s.service and a.key = k.key and not exists (select from {schema}.inbox i where i.message_id = a.message_id))
               and not exists (select from {schema}.parked_message p where p.key = k.key or p.key is null))
        """;
}
