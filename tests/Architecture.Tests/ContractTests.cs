using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Architecture.Tests;

[Collection("platform")]
public sealed partial class ContractTests(Platform platform)
{
    /// <summary>A contract's namespace and name are its wire identity; its fields are what stored history is read with.</summary>
    [Fact]
    public void Wire_identities_and_fields_are_pinned()
    {
        var text = new StringBuilder();
        foreach (var type in EventTypes.All)
        {
            text.Append(type.Name).Append('\n');
            foreach (var property in type.Type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).OrderBy(p => p.Name, StringComparer.Ordinal))
                text.Append("  ").Append(property.Name).Append(": ").Append(Readable(property.PropertyType)).Append('\n');
        }
        Platform.IsCheckedIn("docs/contracts.txt", text.ToString());
    }

    private static string Readable(Type type) => Nullable.GetUnderlyingType(type) is { } inner ? Readable(inner) + "?" : type.Name;

    [Theory, MemberData(nameof(Platform.Names), MemberType = typeof(Platform))]
    public void A_service_hears_exactly_what_the_contracts_say_it_hears(string service)
    {
        var heard = platform.Services[service].App.Services.GetRequiredService<ServiceDefinition>().Heard.Select(t => t.Name).Order(StringComparer.Ordinal);
        Assert.Equal(EventTypes.All.Where(e => e.Listeners.Contains(service)).Select(e => e.Type.Name).Order(StringComparer.Ordinal), heard);
    }

    [Fact]
    public void The_page_of_events_is_generated()
    {
        var comments = XDocument.Load(Path.ChangeExtension(typeof(DomainEvent).Assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value, m => Whitespace().Replace(m.Element("summary")?.Value ?? "", " ").Trim());
        var page = new StringBuilder("""
            # Events

            Generated from `services/Contracts` (a test compares; `UPDATE_DOCS=1` writes). One exchange per event; each listener has one quorum
            queue of its own name. Partner hears every event: it is the public feed. Readiness and `deploy/audit` compare the broker with this table.

            | Event | Publisher | Heard by | When |
            |---|---|---|---|

            """);
        foreach (var e in EventTypes.All.OrderBy(e => e.Publisher, StringComparer.Ordinal).ThenBy(e => e.Type.Name, StringComparer.Ordinal))
            page.Append("| `").Append(e.Type.Namespace).Append('.').Append(e.Type.Name).Append("` | ").Append(e.Publisher).Append(" | ").AppendJoin(", ", e.Listeners.Order(StringComparer.Ordinal)).Append(" | ").Append(comments[$"T:{e.Name}"].Replace("|", "\\|", StringComparison.Ordinal)).Append(" |\n");
        Platform.IsCheckedIn("docs/events.md", page.ToString());
    }

    [Fact]
    public void No_contract_can_carry_a_person()
    {
        var suspicious = EventTypes.All.SelectMany(e => e.Type.GetProperties().Select(p => $"{e.Type.Name}.{p.Name}"))
            .Where(p => Person().IsMatch(p)).Except(["OrganisationRegistered.Name", "OrganisationChanged.Name", "DriveScheduled.VenueName", "DriveChanged.VenueName"]);
        Assert.Empty(suspicious);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();

    [GeneratedRegex(@"\.(.*Name|.*Phone|.*DocumentNumber|.*BirthDate|Note|Diagnosis|.*Pin)$")]
    private static partial Regex Person();
}
