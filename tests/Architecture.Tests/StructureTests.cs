using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace BloodPlatform.Architecture.Tests;

/// <summary>The rules of DESIGN that a compiler does not keep.</summary>
public sealed partial class StructureTests
{
    private static readonly string[] Services = ["Donor", "Event", "Inventory", "Recognition", "Partner"];

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(Path.Combine(Platform.Root(), folder), "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Fact]
    public void Services_share_the_chassis_and_the_contracts_and_nothing_else()
    {
        foreach (var service in Services)
        {
            var references = XDocument.Load(Path.Combine(Platform.Root(), "services", service, service + ".csproj")).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
            Assert.Subset(new HashSet<string> { "Chassis", "Contracts" }, references.ToHashSet());
        }
        Assert.DoesNotContain(XDocument.Load(Path.Combine(Platform.Root(), "services/Contracts/Contracts.csproj")).Descendants(), e => e.Name.LocalName is "PackageReference" or "ProjectReference");
        Assert.Empty(XDocument.Load(Path.Combine(Platform.Root(), "deploy/Audit/Audit.csproj")).Descendants("ProjectReference"));
    }

    [Fact]
    public void No_service_reads_another_services_schema()
    {
        foreach (var service in Services)
        {
            var others = string.Join('|', Services.Where(s => s != service).Select(s => s.ToLowerInvariant()));
            var foreign = new Regex($@"\b(from|join|into|update|delete from|references)\s+({others})\.[a-z_]+", RegexOptions.IgnoreCase);
            foreach (var file in Sources($"services/{service}").Concat(Directory.EnumerateFiles(Path.Combine(Platform.Root(), "services", service, "Data", "Migrations"))))
                Assert.False(foreign.Match(File.ReadAllText(file)) is { Success: true } match, $"{file} reads another schema");
        }
    }

    [Fact]
    public void Rules_are_pure()
    {
        foreach (var service in Services)
            foreach (var file in Sources($"services/{service}/Rules"))
                Assert.False(Impure().IsMatch(File.ReadAllText(file)), $"{file} has a clock, a task or SQL in it");
    }

    [Fact]
    public void Only_the_chassis_knows_the_broker()
    {
        foreach (var service in Services)
            foreach (var file in Sources($"services/{service}"))
                Assert.False(File.ReadAllText(file).Contains("using MassTransit", StringComparison.Ordinal), $"{file} uses MassTransit");
    }

    [Fact]
    public void A_consumed_event_is_a_file_of_its_name()
    {
        foreach (var service in Services.Where(s => s != "Partner")) // the feed takes every event alike
            foreach (var heard in Chassis.EventTypes.All.Where(e => e.Listeners.Contains(service.ToLowerInvariant())))
                Assert.True(File.Exists(Path.Combine(Platform.Root(), "services", service, "Features", "Projections", $"On{heard.Type.Name}.cs")), $"{service} hears {heard.Type.Name} in no file of its name");
    }

    [GeneratedRegex(@"\bTimeProvider\b|\basync\b|\bTask<|\bselect\b.*\bfrom\b\s+[a-z]+\.[a-z]|\bTransaction tx\b")]
    private static partial Regex Impure();
}
