using System.Reflection;
using System.Runtime.CompilerServices;
using BloodPlatform.Contracts;

namespace BloodPlatform.Partners.Tests;

/// <summary>Events of any contract, filled by the names of their fields, so that a contract added tomorrow is in the tables too.</summary>
internal static class Facts
{
    public static T Of<T>(string key, long version, params (string Field, object? Value)[] fields) where T : DomainEvent => (T)Of(typeof(T), key, version, fields);

    public static DomainEvent Of(Type type, string key, long version, params (string Field, object? Value)[] fields)
    {
        var e = RuntimeHelpers.GetUninitializedObject(type);
        var known = fields.ToDictionary(f => f.Field, f => f.Value);
        foreach (var property in type.GetProperties().Where(p => p.CanWrite))
            property.SetValue(e, known.TryGetValue(property.Name, out var value) ? value
                : property.Name == "Key" ? key
                : property.Name == "Version" ? version
                : property.Name is "EventId" or "StationId" || new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable ? property.GetValue(e)
                : Anything(property.PropertyType));
        return (DomainEvent)e;
    }

    private static object? Anything(Type type) =>
        type == typeof(string) ? "something"
        : type == typeof(Guid) ? Some.Id()
        : type == typeof(DateTimeOffset) ? TimeProvider.System.GetUtcNow()
        : type == typeof(DateOnly) ? new DateOnly(2026, 3, 5)
        : type.IsArray ? Array.CreateInstance(type.GetElementType()!, 0)
        : type.IsValueType ? Activator.CreateInstance(type)
        : type.GetConstructors()[0] is var constructor ? constructor.Invoke([.. constructor.GetParameters().Select(p => Anything(p.ParameterType))]) : null;
}
