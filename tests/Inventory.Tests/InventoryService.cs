[assembly: AssemblyFixture(typeof(BloodPlatform.Inventory.Tests.InventoryService))]

namespace BloodPlatform.Inventory.Tests;

/// <summary>One Inventory service for all feature tests of this project: real HTTP, real PostgreSQL. Each test brings a station of its own.</summary>
public sealed class InventoryService : IAsyncLifetime
{
    /// <summary>A station that tests by another scheme than all others.</summary>
    public static readonly Guid TwoRounds = Some.Id();

    public static readonly string[] Settings = ["--Inventory:KnownFins=G1234, C0003", "--Inventory:Returns=quarantine", $"--Inventory:TestSchemes:{TwoRounds}=two-rounds"];

    public ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await ServiceUnderTest.Start("inventory", Program.Create, settings: Settings);
        await Service.Seal("donor");
    }

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}
