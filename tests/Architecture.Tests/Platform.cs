using System.Runtime.CompilerServices;
using BloodPlatform.Chassis;

namespace BloodPlatform.Architecture.Tests;

/// <summary>The five services, running side by side without a broker, and the repository they were built from.</summary>
public sealed class Platform : IAsyncLifetime
{
    public static readonly IReadOnlyDictionary<string, Func<string[], PlatformService>> Programs = new Dictionary<string, Func<string[], PlatformService>>
    {
        ["donor"] = Donors.Program.Create,
        ["event"] = Drives.Program.Create,
        ["inventory"] = BloodPlatform.Inventory.Program.Create,
        ["recognition"] = BloodPlatform.Recognition.Program.Create,
        ["partner"] = Partners.Program.Create,
    };

    public static TheoryData<string> Names => [.. Programs.Keys];

    public Dictionary<string, ServiceUnderTest> Services { get; } = [];

    public async ValueTask InitializeAsync()
    {
        foreach (var (name, program) in Programs) Services[name] = await ServiceUnderTest.Start(name, program);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Services.Values) await service.DisposeAsync();
    }

    /// <summary>The repository's root.</summary>
    public static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    /// <summary>
    /// Compares a generated document with the checked-in one; its diff is the review. UPDATE_DOCS=1 writes it instead, for the commit
    /// that changes it.
    /// </summary>
    public static void IsCheckedIn(string path, string generated)
    {
        var file = Path.Combine(Root(), path);
        generated = generated.ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, generated);
            return;
        }
        Assert.True(File.Exists(file), $"{path} is missing: run the tests once with UPDATE_DOCS=1 and commit it");
        Assert.True(File.ReadAllText(file) == generated, $"{path} is not what the code says: run the tests once with UPDATE_DOCS=1, read the diff, commit it");
    }
}

[CollectionDefinition("platform")]
public sealed class PlatformCollection : ICollectionFixture<Platform>;
