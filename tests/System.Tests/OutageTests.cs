namespace BloodPlatform.SystemTests;

/// <summary>kill -9 at the worst moment: nothing is lost and nothing happens twice.</summary>
[Collection(OnePlatform.Name)]
public sealed class OutageTests(RunningPlatform platform)
{
    [Fact]
    public async Task Each_service_killed_in_the_middle_of_collections_loses_nothing_and_does_nothing_twice()
    {
        await using var crowd = await Crowd.Start(platform, "services-killed");
        foreach (var service in RunningPlatform.Services)
        {
            await crowd.Grows(4);
            var others = RunningPlatform.Services.Where(s => s != service).ToDictionary(s => s, platform.ProcessId);
            var killed = platform.ProcessId(service);
            await platform.Kill(service);
            await platform.Up();
            Assert.NotEqual(killed, platform.ProcessId(service));
            Assert.All(others, other => Assert.Equal(other.Value, platform.ProcessId(other.Key)));
        }
        await crowd.Grows(4);
        await crowd.IsCountedEverywhere();
    }

    [Fact]
    public async Task PostgreSQL_killed_under_writes_loses_nothing()
    {
        await using var crowd = await Crowd.Start(platform, "postgres-killed");
        await crowd.Grows(6);
        await platform.Kill("postgres");
        await platform.Up();
        await crowd.Grows(6);
        await crowd.IsCountedEverywhere();
    }

    [Fact]
    public async Task With_the_broker_killed_writes_go_on_nothing_is_released_on_old_facts_and_all_arrives_afterwards()
    {
        await using var crowd = await Crowd.Start(platform, "broker-killed");
        var drive = await LiveDrive.Begin(platform, "broker-other", numbers: 1, crowd.Drive.Api);
        var (part, donor, din) = await drive.Donate("broker-released", "O+");
        await drive.Test("broker-released", din, part.Person.BloodGroup);
        Assert.Equal(202, (await drive.Sign("broker-released", din, 0)).Status);

        var later = await drive.Api.Once("broker-later-donor", "station", "/v1/donors", platform.SomePerson().Registration);
        await crowd.Grows(4);

        await platform.Kill("rabbitmq");
        var killed = TimeProvider.System.GetTimestamp();
        await drive.Book("broker-later", later); // writes go on
        // A donor calls back, and Inventory cannot hear of it.
        await drive.Api.Once("broker-call", "station", $"/v1/donors/{donor}/late-information", new { }, keep: a => (string)a["deferralId"]!);
        // For a minute after the last seal the donor's facts count as known; afterwards nobody releases what he gave.
        await Eventually.True("a minute without a seal", () => Task.FromResult(TimeProvider.System.GetElapsedTime(killed) > TimeSpan.FromSeconds(62)), TimeSpan.FromSeconds(70));
        using var impatient = platform.Api(patienceSeconds: 0);
        var refused = await impatient.Refusal("station", $"/v1/donations/{din}/release-signatures", new { }, "broker-stale", impatient.Credentials.With("release", 1));
        Assert.Equal((503, "donor_facts_stale"), ((int)refused["status"]!, (string?)refused["code"]));

        await platform.Up();
        await Eventually.True("the hold", async () => (await drive.Holds(din)).Contains("late-information"));
        await crowd.Grows(6);
        Assert.Equal("not_releasable", (string?)(await drive.Api.Refusal("station", $"/v1/donations/{din}/release-signatures", new { }, "broker-second", drive.Api.Credentials.With("release", 1)))["code"]);
        await crowd.IsCountedEverywhere();
    }

    [Fact]
    public async Task A_token_passes_while_Partner_is_down()
    {
        using var api = platform.Api(patienceSeconds: 2);
        await api.Get("station", "/v1/drives?mine=true");
        await platform.Kill("partner");
        Assert.NotNull(await api.Get("station", "/v1/drives?mine=true"));
        Assert.NotNull(await api.Get("station", "/v1/stock"));
        Assert.Equal("service_unavailable", (await Assert.ThrowsAsync<Refused>(() => api.Get("station", "/v1/events"))).Code);
        await platform.Up();
        Assert.NotNull(await api.Get("station", "/v1/events?limit=1"));
    }

    [Fact]
    public async Task Running_up_again_leaves_everything_alone()
    {
        string[] all = [.. RunningPlatform.Services, "postgres", "rabbitmq", "nginx"];
        var before = all.ToDictionary(name => name, platform.ProcessId);
        var credentials = await File.ReadAllTextAsync(Path.Combine(platform.Run, "credentials.json"));
        await platform.Up();
        Assert.All(before, process => Assert.Equal(process.Value, platform.ProcessId(process.Key)));
        Assert.Equal(credentials, await File.ReadAllTextAsync(Path.Combine(platform.Run, "credentials.json")));
    }
}
