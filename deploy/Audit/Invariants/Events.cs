namespace BloodPlatform.Audit.Invariants;

/// <summary>Nothing said is lost on the way, and nothing is heard that was not said.</summary>
internal static class Events
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("outboxes-empty", "Every event that was committed has been sent.",
            "select count(*) from outbox",
            "select service, type, event_id from outbox where published_at is null and parked_at is null"),
        new("nothing-parked", "No event is parked, neither before sending nor by a consumer.",
            "select count(*) from (select event_id from outbox union all select message_id from inbox) x",
            """
            select service, 'outgoing' as side, type, event_id from outbox where published_at is null and parked_at is not null
            union all
            select service, 'incoming', type, message_id from parked
            """),
        new("queues-empty", "Each service has its queue and its dead-letter queue, and no queue holds a message.",
            "select count(*) from broker_queue",
            $"""
            select coalesce(q.name, e.name) as queue, q.messages
            from broker_queue q full join (select s || suffix as name from unnest(array['{string.Join("', '", Prelude.Services)}']) s, unnest(array['', '.dead']) suffix) e on e.name = q.name
            where q.name is null or q.messages is distinct from 0
            """, Needs.Broker),
        new("bindings-equal-listeners", "The broker delivers each event to the services that docs/events.md names, and to no other.",
            "select count(*) from listener",
            $"""
            select coalesce(l.exchange, b.source) as event, coalesce(l.queue, b.destination) as listener, case when b.source is null then 'not bound' else 'not named' end as what
            from listener l full join (select source, destination from broker_binding where source like 'BloodPlatform.Contracts.%') b on b.source = l.exchange and b.destination = l.queue
            where l.exchange is null or b.source is null
            union all
            select s, s, 'queue not bound' from unnest(array['{string.Join("', '", Prelude.Services)}']) s
            where not exists (select from broker_binding b where b.source = s and b.destination = s and b.kind = 'queue')
            """, Needs.Broker | Needs.Listeners),
        new("event-is-documented", "docs/events.md names every event that was ever committed.",
            "select count(distinct type) from outbox",
            "select distinct service, type from outbox where type not in (select type from documented)", Needs.Listeners),
        // Inboxes are kept for 30 days.
        new("event-heard-by-each-listener", "Each event sent within 29 days was taken in by each of its listeners.",
            "select count(*) from outbox o join listener l on l.type = o.type where o.published_at > now() - interval '29 days'",
            """
            select l.queue as listener, o.type, o.event_id
            from outbox o join listener l on l.type = o.type
            where o.published_at > now() - interval '29 days'
              and not exists (select from inbox i where i.service = l.queue and i.message_id = o.event_id)
              and not exists (select from parked p where p.service = l.queue and p.message_id = o.event_id)
            """, Needs.Listeners),
        new("event-once-in-feed", "Each event that was sent is in the public feed exactly once.",
            "select count(*) from outbox where published_at is not null",
            """
            select min(o.service) as service, min(o.type) as type, o.event_id, count(o.event_id) as sent, count(f.event_id) as found
            from outbox o left join partner.feed f on f.event_id = o.event_id
            where o.published_at is not null group by o.event_id having count(*) <> 1 or count(f.event_id) <> 1
            """),
        new("feed-entry-was-published", "Each entry of the public feed is an event that its service committed.",
            "select count(*) from partner.feed",
            """
            select f.sequence, f.source, f.type, f.event_id from partner.feed f
            where not exists (select from outbox o where o.event_id = f.event_id and o.service = f.source)
            """),
        new("feed-is-dense", "The feed's sequence is 1, 2, 3 … without a gap, and its head is the last of them.",
            "select count(*) from partner.feed",
            """
            select n.event_id, n.sequence, n.expected from (select event_id, sequence, row_number() over (order by sequence) as expected from partner.feed) n where n.sequence is distinct from n.expected
            union all
            select null, h.last, (select max(sequence) from partner.feed) from partner.feed_head h where h.last <> coalesce((select max(sequence) from partner.feed), 0)
            """),
    ];
}
