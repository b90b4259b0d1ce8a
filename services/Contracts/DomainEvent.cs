namespace BloodPlatform.Contracts;

/// <summary>
/// The envelope of every domain event. Events carry ids, dates, quantities and codes; names only of organisations, venues
/// and drives; never a person's name, number, phone, diagnosis or free text.
/// </summary>
public abstract record DomainEvent
{
    /// <summary>UUID version 7, also the broker's message id and the inbox key. Given by the outbox when it is empty.</summary>
    public Guid EventId { get; init; }

    /// <summary>The aggregate whose order is kept: events of one key arrive at the broker in the order of their transactions.</summary>
    public required string Key { get; init; }

    /// <summary>Grows with each change of the aggregate and may skip: nobody infers a loss from a gap.</summary>
    public required long Version { get; init; }

    /// <summary>When it happened, perhaps years ago.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>When the platform learned of it. Given by the outbox.</summary>
    public DateTimeOffset RecordedAt { get; init; }

    /// <summary>The blood station (an organisation's id) that answers for it, where one does.</summary>
    public Guid? StationId { get; init; }
}

/// <summary>
/// Who publishes an event and which services keep a projection of it. Partner hears every event (the public feed) and is not
/// named. Bindings are deployed from these names, readiness compares the broker with them, and docs/events.md prints them.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class PublishedByAttribute(string service) : Attribute
{
    public string Service { get; } = service;

    public string[] HeardBy { get; init; } = [];
}
