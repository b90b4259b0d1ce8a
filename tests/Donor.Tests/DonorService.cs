[assembly: AssemblyFixture(typeof(BloodPlatform.Donors.Tests.DonorService))]

namespace BloodPlatform.Donors.Tests;

/// <summary>One Donor service for all feature tests of this project: real HTTP, real PostgreSQL.</summary>
public sealed class DonorService : IAsyncLifetime
{
    public ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await ServiceUnderTest.Start("donor", Program.Create, settings: "--ExternalRegister:RetrySeconds=0.2");

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}
