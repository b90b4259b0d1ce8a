namespace BloodPlatform.Audit;

/// <summary>What an invariant reads besides the schemas.</summary>
[Flags]
public enum Needs
{
    Schemas = 0,

    /// <summary>The broker's queues and bindings: <c>broker_queue</c>, <c>broker_binding</c>.</summary>
    Broker = 1,

    /// <summary>Who hears which event, as docs/events.md says: <c>listener</c>, <c>documented</c>.</summary>
    Listeners = 2,
}

/// <summary>
/// Something that is always true of the platform at rest, stated as one query that returns the rows for which it is not. Its
/// columns are ids, codes and numbers: they are printed.
/// </summary>
/// <param name="Name">kebab-case, stable.</param>
/// <param name="Sentence">What is true.</param>
/// <param name="LookedAt">Counts what was examined: nothing violated among nothing proves nothing.</param>
/// <param name="Violations">Returns the violating rows. May read the relations of <see cref="Prelude"/>.</param>
public sealed record Invariant(string Name, string Sentence, string LookedAt, string Violations, Needs Needs = Needs.Schemas)
{
    /// <summary>All of them, in the order in which they are printed. A later capability adds its own file.</summary>
    public static IReadOnlyList<Invariant> All { get; } =
        [.. Invariants.Collections.All, .. Invariants.Bookings.All, .. Invariants.Organisations.All, .. Invariants.Schedules.All, .. Invariants.Units.All, .. Invariants.Results.All, .. Invariants.Lookbacks.All, .. Invariants.Recalls.All, .. Invariants.Honours.All, .. Invariants.Persons.All, .. Invariants.Merges.All, .. Invariants.Rules.All, .. Invariants.Events.All];
}

/// <summary>Relations that several invariants read: the same tables of all five schemas as one, and what was read elsewhere.</summary>
public static class Prelude
{
    public static readonly string[] Services = ["donor", "event", "inventory", "recognition", "partner"];

    public static string Sql { get; } = $"""
        with outbox as ({OfEach("position, recorded_at, event_id, type, key, payload, published_at, parked_at", "outbox")}),
             inbox as ({OfEach("message_id", "inbox")}),
             parked as ({OfEach("message_id, type, key, parked_at", "parked_message")}),
             listener as (select l.type, l.queue, regexp_replace(l.type, '\.([^.]*)$', ':\1') as exchange from unnest(@listenerTypes::text[], @listenerQueues::text[]) as l(type, queue)),
             documented as (select d.type from unnest(@documentedTypes::text[]) as d(type)),
             broker_queue as (select q.name, q.messages from unnest(@queueNames::text[], @queueMessages::bigint[]) as q(name, messages)),
             broker_binding as (select b.source, b.destination, b.kind from unnest(@bindingSources::text[], @bindingDestinations::text[], @bindingKinds::text[]) as b(source, destination, kind))
        """;

    private static string OfEach(string columns, string table) => string.Join(" union all ", Services.Select(s => $"select '{s}' as service, {columns} from {s}.{table}"));
}
