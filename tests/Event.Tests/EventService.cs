
namespace BloodPlatform.Drives.Tests;

/// <summary>One Event service for all feature tests of this project: real HTTP, real PostgreSQL.</summary>
public sealed class EventService : IAsyncLifetime
{
    public ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await ServiceUnderTest.Start("event", Program.Create);

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}
