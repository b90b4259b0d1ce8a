using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Rules;

/// <summary>
/// Which scopes a role has. A role never gets a scope none of whose endpoints it may use; each endpoint still names the roles
/// it allows. Source: the table of roles in the API outline, "Access".
/// </summary>
public static class Scopes
{
    private static readonly Dictionary<string, string[]> ByRole = new()
    {
        [Roles.Station] = ["donors", "visits", "organisations", "drives", "appointments", "statistics", "inventory", "orders", "recognitions", "staff", "rules", "events"],
        [Roles.Organiser] = ["organisations", "drives", "appointments", "statistics", "recognitions", "events"],
        [Roles.App] = ["donors", "organisations", "drives", "appointments", "recognitions", "events"],
        [Roles.Hospital] = ["inventory", "orders", "staff", "events"],
        [Roles.Authority] = ["organisations", "drives", "statistics", "recognitions", "rules", "events", "audit"],
        [Roles.Admin] = ["clients", "staff", "organisations", "statistics", "rules", "events", "audit"],
    };

    /// <summary>Every scope there is, in the order they are published.</summary>
    public static IReadOnlyList<string> All { get; } = [.. ByRole.Values.SelectMany(s => s).Distinct().Order(StringComparer.Ordinal)];

    /// <exception cref="KeyNotFoundException">The role is none of the platform's.</exception>
    public static IReadOnlyList<string> Of(string role) => ByRole[role];

    /// <summary>
    /// What a token is good for: all the client's scopes when none is asked for, else exactly those asked for (RFC 6749 §3.3).
    /// </summary>
    /// <returns>Null when something is asked for that the client does not have, or nothing readable is (invalid_scope).</returns>
    public static IReadOnlyList<string>? Grant(IReadOnlyList<string> clients, string? asked)
    {
        if (asked is null) return clients;
        var wanted = asked.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        return wanted.Length > 0 && wanted.All(clients.Contains) ? wanted : null;
    }
}
