using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Chassis.Tests;

/// <summary>Each test has a service of its own: what is sealed in its database is counted.</summary>
public sealed class KeyRotationTests
{
    private static readonly string Old = Convert.ToBase64String(SHA256.HashData("master"u8)), New = Convert.ToBase64String(SHA256.HashData("new master"u8));
    private static readonly string[] Both = ["--Platform:MasterKeys:2=" + New, "--Platform:CurrentMasterKey=2"], NewOnly = ["--Platform:MasterKey=", .. Both];

    private static async Task<Guid[]> Seal(ServiceUnderTest service, int people)
    {
        var ids = Enumerable.Range(0, people).Select(_ => Some.Id()).ToArray();
        using var scope = service.App.Services.CreateScope();
        foreach (var chunk in ids.Chunk(100))
            await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx =>
            {
                foreach (var id in chunk)
                {
                    var key = service.App.Services.GetRequiredService<Vault>().CreateKey(tx, id);
                    tx.Write("insert into {schema}.projection (key, version, status) values (@key, 1, @name)", new { key = id.ToString(), name = Convert.ToBase64String(key.Seal("name", $"name of {id}")) });
                }
                return Task.CompletedTask;
            }, CancellationToken.None);
        return ids;
    }

    private static async Task<string> Open(ServiceUnderTest service, Guid id)
    {
        using var scope = service.App.Services.CreateScope();
        var row = (await scope.ServiceProvider.GetRequiredService<Database>().QuerySingle<SealedName>(
            "select k.wrapped_key, p.status as name from donor.subject_key k join donor.projection p on p.key = k.subject_id::text where k.subject_id = @id", new { id }, CancellationToken.None))!;
        return service.App.Services.GetRequiredService<Vault>().Unwrap(id, row.WrappedKey).Open("name", Convert.FromBase64String(row.Name));
    }

    /// <summary>A second process beside the first one, on its database, with other keys.</summary>
    private static Task<ServiceUnderTest> With(ServiceUnderTest first, string[] keys) => ServiceUnderTest.Start("donor", Probe.As("donor"), database: first.Database, tokens: first.Tokens, migrate: false, settings: keys);

    private static Task<long> Under(ServiceUnderTest service, string table, string column, string id) =>
        service.Database.Scalar<long>($"select count(*) from donor.{table} where substring({column} from 1 for 2 + length(@id)) = '\\x02'::bytea || set_byte('\\x00', 0, length(@id)) || convert_to(@id, 'UTF8')", new { id });

    [Fact]
    public async Task Keys_are_changed_while_the_service_reads_and_writes_killed_in_the_middle_and_the_old_one_can_go()
    {
        await using var before = await ServiceUnderTest.Start("donor", Probe.As("donor"));
        var people = await Seal(before, 1000);
        Assert.Equal((1000, 0), (await Under(before, "subject_key", "wrapped_key", "0"), await Under(before, "subject_key", "wrapped_key", "2")));

        var running = await With(before, Both);
        using var stop = new CancellationTokenSource();
        var (read, written) = (0, new List<Guid>());
        var life = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var id = people[read++ % people.Length];
                Assert.Equal($"name of {id}", await Open(running, id));
                written.AddRange(await Seal(running, 1));
            }
        });
        // Killed again and again, each time where it rests after a batch: what is done stays done, and is not done twice.
        for (var kills = 1; kills <= 3; kills++)
        {
            using var kill = new CancellationTokenSource();
            var rotation = ActivatorUtilities.CreateInstance<KeyRotation>(running.App.Services, new StoppedClock()).Run(kill.Token);
            await Eventually.That(async () => await Under(before, "subject_key", "wrapped_key", "0") == 1000 - (kills * 200));
            await kill.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rotation);
        }
        var last = await running.App.Services.GetRequiredService<KeyRotation>().Run(CancellationToken.None);
        await stop.CancelAsync();
        await life;
        Assert.Equal(400, last["donor.subject_key"]); // what the killed ones had left
        Assert.True(read > 0 && written.Count > 0);
        Assert.Equal((0, 1000 + written.Count), (await Under(before, "subject_key", "wrapped_key", "0"), await Under(before, "subject_key", "wrapped_key", "2")));
        await running.Stop();

        var after = await With(before, NewOnly);
        foreach (var id in people.Concat(written)) Assert.Equal($"name of {id}", await Open(after, id));
        Assert.Equal(0L, (await after.App.Services.GetRequiredService<KeyRotation>().Run(CancellationToken.None)).Values.Sum());
        await after.Stop();
    }

    [Fact]
    public async Task Two_rotations_at_once_and_an_erasure_between_them_count_every_key_once_and_bring_nothing_back()
    {
        await using var service = await ServiceUnderTest.Start("donor", Probe.As("donor"), settings: Both.Append("--Platform:CurrentMasterKey=0").ToArray());
        var people = await Seal(service, 600);
        var running = await With(service, Both);
        var rotations = Enumerable.Range(0, 2).Select(_ => Task.Run(() => running.App.Services.GetRequiredService<KeyRotation>().Run(CancellationToken.None))).ToArray();
        var erased = await service.Database.Query<Guid>("""
            with locked as (select subject_id from donor.subject_key where subject_id = any(@some) order by subject_id for update)
            delete from donor.subject_key where subject_id in (select subject_id from locked) and get_byte(wrapped_key, 2) = ascii('0') returning subject_id
            """, new { some = people[^100..] });
        var moved = (await Task.WhenAll(rotations)).Sum(r => r["donor.subject_key"]);
        Assert.Equal(600 - erased.Count, moved);
        Assert.Equal(600 - erased.Count, await service.Database.Scalar<long>("select count(*) from donor.subject_key"));
        await running.Stop();
    }

    [Fact]
    public async Task Stored_answers_replay_after_the_key_that_sealed_them_is_gone()
    {
        await using var before = await ServiceUnderTest.Start("donor", Probe.As("donor"));
        var (tenant, key) = (Some.Id(), Some.Key());
        var name = Some.Key();
        var first = await before.As(Roles.Station, tenant).Post("/v1/things", new { name }, key);
        var running = await With(before, Both);
        Assert.Equal(first.Body.ToString(), (await running.As(Roles.Station, tenant).Post("/v1/things", new { name }, key)).Body.ToString());
        Assert.Equal(1, (await running.App.Services.GetRequiredService<KeyRotation>().Run(CancellationToken.None))["donor.idempotency"]);
        await running.Stop();
        var after = await With(before, NewOnly);
        var again = await after.As(Roles.Station, tenant).Post("/v1/things", new { name }, key);
        Assert.Equal((201, first.Body.ToString(), "true"), (again.Status, again.Body.ToString(), again.Response.Headers.GetValues("Idempotent-Replayed").Single()));
        Assert.Equal("idempotency_key_reused", (await after.As(Roles.Station, tenant).Post("/v1/things", new { name = "other" }, key)).Code);
        await after.Stop();
    }

    [Fact]
    public async Task A_key_taken_away_too_early_is_named_and_nothing_is_lost()
    {
        await using var before = await ServiceUnderTest.Start("donor", Probe.As("donor"));
        var person = (await Seal(before, 1))[0];
        var early = await With(before, NewOnly);
        Assert.Contains("master key 0", (await Assert.ThrowsAsync<InvalidOperationException>(() => Open(early, person))).Message, StringComparison.Ordinal);
        Assert.Contains("master key 0", (await Assert.ThrowsAsync<InvalidOperationException>(() => early.App.Services.GetRequiredService<KeyRotation>().Run(CancellationToken.None))).Message, StringComparison.Ordinal);
        await early.Stop();
        Assert.Equal($"name of {person}", await Open(before, person));
    }

    [Fact]
    public async Task The_command_does_it_and_says_so()
    {
        await using var before = await ServiceUnderTest.Start("donor", Probe.As("donor"));
        await Seal(before, 3);
        Assert.Equal(0, await Probe.As("donor")(["rotate-keys", .. ServiceUnderTest.Arguments("donor", before.Database, null, Path.GetTempPath()), .. Both]).Run());
        Assert.Equal(3, await Under(before, "subject_key", "wrapped_key", "2"));
        Assert.Equal(1, await Probe.As("donor")(["rotate-keys", .. ServiceUnderTest.Arguments("donor", before.Database, null, Path.GetTempPath()), "--Platform:MasterKey=", "--Platform:MasterKeys:3=" + New]).Run());
    }

    [Fact]
    public async Task A_key_that_is_put_beside_a_running_service_seals_without_a_restart()
    {
        var secrets = Directory.CreateTempSubdirectory("blood-keys-").FullName;
        await using var service = await ServiceUnderTest.Start("donor", Probe.As("donor"), settings: "--Platform:SecretsDirectory=" + secrets);
        var vault = service.App.Services.GetRequiredService<Vault>();
        var old = (await Seal(service, 1))[0];
        await File.WriteAllTextAsync(Path.Combine(secrets, "Platform__MasterKeys__2026"), New);
        await File.WriteAllTextAsync(Path.Combine(secrets, "Platform__CurrentMasterKey"), "2026");
        await Eventually.That(() => Task.FromResult(vault.CurrentKey == "2026"));
        var young = (await Seal(service, 1))[0];
        Assert.Equal(1, await Under(service, "subject_key", "wrapped_key", "2026"));
        foreach (var id in new[] { old, young }) Assert.Equal($"name of {id}", await Open(service, id));

        // Half a key is no key: the service goes on with those it has.
        await File.WriteAllTextAsync(Path.Combine(secrets, "Platform__MasterKeys__2027"), New[..20]);
        await File.WriteAllTextAsync(Path.Combine(secrets, "Platform__CurrentMasterKey"), "2027");
        await Eventually.That(() => Task.FromResult(service.App.Configuration["Platform:CurrentMasterKey"] == "2027"));
        Assert.Equal($"name of {young}", await Open(service, young));
        Assert.Equal("2026", vault.CurrentKey);
        Directory.Delete(secrets, recursive: true);
    }

    [Theory]
    [InlineData("Platform:MasterKey is not configured")]
    [InlineData("must be 32 bytes", "Platform:MasterKey", "c2hvcnQ=")]
    [InlineData("there is no such key", "Platform:MasterKey", "{old}", "Platform:CurrentMasterKey", "7")]
    [InlineData("must say which", "Platform:MasterKeys:1", "{old}", "Platform:MasterKeys:2", "{new}")]
    [InlineData("two keys under one id", "Platform:MasterKey", "{old}", "Platform:MasterKeys:0", "{new}")]
    [InlineData("an id is 1 to 32", "Platform:MasterKeys:a b", "{old}")]
    [InlineData("Platform:IndexKey is not configured", "Platform:MasterKey", "{old}", "Platform:IndexKey", "")]
    public void What_is_wrongly_configured_does_not_start(string says, params string[] settings)
    {
        var values = new Dictionary<string, string?> { ["Platform:IndexKey"] = Old };
        foreach (var pair in settings.Chunk(2)) values[pair[0]] = pair[1].Length == 0 ? null : pair[1].Replace("{old}", Old, StringComparison.Ordinal).Replace("{new}", New, StringComparison.Ordinal);
        Assert.Contains(says, Assert.Throws<InvalidOperationException>(() => new Vault(new ConfigurationBuilder().AddInMemoryCollection(values).Build())).Message, StringComparison.Ordinal);
    }

    /// <summary>Nothing that waits on it goes on.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private sealed record SealedName(byte[] WrappedKey, string Name);
}
