using System.Reflection;
using System.Text;
using BloodPlatform.Contracts;

namespace BloodPlatform.Chassis;

/// <summary>Every event of the platform, who publishes it and who hears it: read from the contracts, used for queues, readiness and docs.</summary>
public static class EventTypes
{
    /// <summary>All contracts, in the order of their names.</summary>
    public static IReadOnlyList<EventType> All { get; } = [.. typeof(DomainEvent).Assembly.GetTypes()
        .Where(t => t.IsSubclassOf(typeof(DomainEvent)) && !t.IsAbstract)
        .Select(t => (Type: t, By: t.GetCustomAttribute<PublishedByAttribute>() ?? throw new InvalidOperationException($"{t.FullName} names no publisher")))
        .Select(x => new EventType(x.Type, x.By.Service, [.. x.By.HeardBy.Append("partner").Distinct()]))
        .OrderBy(e => e.Name, StringComparer.Ordinal)];

    private static readonly Dictionary<string, EventType> ByName = All.ToDictionary(e => e.Name);

    /// <summary>The wire identity: namespace and name of the contract, frozen.</summary>
    public static string NameOf(Type type) => type.FullName!;

    public static EventType? Find(string name) => ByName.GetValueOrDefault(name);
}

/// <summary>One event of the platform.</summary>
/// <param name="Listeners">The services whose queues must be bound to it; always Partner.</param>
public sealed record EventType(Type Type, string Publisher, IReadOnlyList<string> Listeners)
{
    public string Name => EventTypes.NameOf(Type);

    /// <summary>The exchange MassTransit publishes to.</summary>
    public string Exchange => $"{Type.Namespace}:{Type.Name}";

    /// <summary>The public feed's name of it: blood-platform.donation-collected.</summary>
    public string PublicName
    {
        get
        {
            var kebab = new StringBuilder("blood-platform");
            foreach (var c in Type.Name) kebab.Append(char.IsUpper(c) ? (kebab[^1] == 'm' && kebab.Length == 14 ? "." : "-") + char.ToLowerInvariant(c) : c.ToString());
            return kebab.ToString();
        }
    }
}
