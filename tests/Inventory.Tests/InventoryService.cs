[assembly: AssemblyFixture(typeof(BloodPlatform.Inventory.Tests.InventoryService))]

namespace BloodPlatform.Inventory.Tests;

/// <summary>One Inventory service for all feature tests of this project: real HTTP, real PostgreSQL. Each test brings a station of its own.</summary>
public sealed class InventoryService : IAsyncLifetime
{
    public ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await ServiceUnderTest.Start("inventory", Program.Create, settings: ["--Inventory:KnownFins=G1234, C0003", "--Inventory:Returns=quarantine"]);
        await Service.Seal("donor");
    }

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}
