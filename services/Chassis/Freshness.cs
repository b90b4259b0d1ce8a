namespace BloodPlatform.Chassis;

/// <summary>
/// "All my facts committed up to <paramref name="Through"/> are out, but for the named keys." Sent by a relay every 10 s, also
/// once on starting. Not a domain event: never in history or feed.
/// </summary>
/// <param name="HeldKeys">Keys with an event that is backing off or parked.</param>
/// <param name="Sent">The events sent since the last seal: a listener that has not applied one of them yet (messages are handled in parallel) is not fresh for its key.</param>
public sealed record OutboxSealed(Guid SealId, string Service, DateTimeOffset Through, string[] HeldKeys, SealedEvent[] Sent);

/// <summary>One event that a seal vouches for.</summary>
public sealed record SealedEvent(Guid EventId, string Key, string Type);

/// <summary>
/// Fail-closed freshness. Where a stale fact can harm, the listener demands that the publisher's seal is at most 60 s old, that
/// the key is not held back there, and that nothing of the key is unapplied or parked here.
/// </summary>
public static class Freshness
{
    /// <summary>How old a seal may be.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A query of the keys, among those of <paramref name="keys"/> (a query of one text column), for which this service does not know what
    /// the publisher had committed at most 60 s ago. It rides in a read of the service's own; takes @sealNotBefore, <see cref="NotBefore"/>.
    /// </summary>
    public static string StaleAmong(string publisher, string keys) => $$"""
        select distinct k.key from ({{keys}}) as k(key)
        where not exists (
            select from {schema}.seal s where s.service = '{{publisher}}' and s.through >= @sealNotBefore and not k.key = any(s.held_keys)
               and not exists (select from {schema}.seal_await a where a.service = s.service and a.key = k.key and not exists (select from {schema}.inbox i where i.message_id = a.message_id))
               and not exists (select from {schema}.parked_message p where p.key = k.key or p.key is null))
        """;

    /// <summary>The oldest instant a seal may bear now: the machine's time, never business time.</summary>
    public static DateTimeOffset NotBefore => TimeProvider.System.GetUtcNow() - Limit;

    /// <summary>Whether what this service knows of the key is what the publisher had committed at most 60 s ago.</summary>
    public static async Task<bool> IsFresh(this Transaction tx, string publisher, string key) =>
        (await tx.Query<string>(StaleAmong(publisher, "select @key"), new { key, sealNotBefore = NotBefore })).Count == 0;

    internal static async Task Accept(Transaction tx, OutboxSealed seal, ServiceDefinition service)
    {
        var awaited = seal.Sent.Where(e => EventTypes.Find(e.Type) is { } type && service.Handlers.ContainsKey(type.Type)).ToArray();
        // The lock orders seals of one publisher; an older one arriving late only adds what it vouched for.
        tx.WriteAny("""
            insert into {schema}.seal (service, through, held_keys, received_at) values (@Service, @Through, @HeldKeys, clock_timestamp())
            on conflict (service) do update set through = excluded.through, held_keys = excluded.held_keys, received_at = excluded.received_at
            where seal.through < excluded.through
            """, seal);
        tx.WriteAny("delete from {schema}.seal_await a where a.service = @Service and exists (select from {schema}.inbox i where i.message_id = a.message_id)", seal);
        tx.WriteAny("""
            insert into {schema}.seal_await (service, message_id, key)
            select @service, e.id, e.key from unnest(@ids, @keys) as e(id, key)
            where not exists (select from {schema}.inbox i where i.message_id = e.id) on conflict do nothing
            """, new { service = seal.Service, ids = awaited.Select(e => e.EventId).ToArray(), keys = awaited.Select(e => e.Key).ToArray() });
        await Task.CompletedTask;
    }
}
