namespace BloodPlatform.Audit.Tests;

/// <summary>The whole program, with the login it is given in deploy/up.</summary>
public sealed class ProgramTests(PlatformAtRest platform) : IClassFixture<PlatformAtRest>
{
    [Fact]
    public async Task All_hold_and_it_ends_with_0()
    {
        var (status, printed) = await Run();
        Assert.True(status == 0, printed);
        Assert.Contains($"{Invariant.All.Count} invariants: {Invariant.All.Count} hold, 0 violated, 0 could not be judged", printed, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^ok +collection-once-in-recognition +3 +0\s*$", printed);
    }

    [Fact]
    public async Task A_violation_is_printed_with_its_sentence_and_it_ends_with_1()
    {
        await platform.Database.Execute("update event.slot set booked = 1");
        try
        {
            var (status, printed) = await Run();
            Assert.Equal(1, status);
            Assert.Matches(@"(?m)^VIOLATED +slot-counts-its-appointments +1 +1\s*$", printed);
            Assert.Contains("A slot's counter equals its appointments", printed, StringComparison.Ordinal);
            Assert.Contains("booked=1  appointments=2", printed, StringComparison.Ordinal);
        }
        finally { await platform.Database.Execute("update event.slot set booked = 2"); }
    }

    [Fact]
    public async Task What_is_on_its_way_is_waited_for_and_then_judged()
    {
        await platform.Database.Execute("update inventory.outbox set published_at = null where event_id = id('event 9')");
        var waiting = Run(seconds: 60);
        await Eventually.That(() => platform.Database.Scalar<bool>("select exists (select from pg_stat_activity where application_name = 'audit' and datname = current_database())"));
        Assert.False(waiting.IsCompleted);
        await platform.Database.Execute("update inventory.outbox set published_at = now() where event_id = id('event 9')");
        Assert.Equal(0, (await waiting).Status);
    }

    [Fact]
    public async Task What_never_comes_to_rest_is_said_and_judged_all_the_same()
    {
        await platform.Database.Execute("update inventory.outbox set published_at = null where event_id = id('event 9')");
        try
        {
            var (status, printed) = await Run(seconds: 0);
            Assert.Equal(1, status);
            Assert.Contains("not at rest after 0 s: 1 events not sent", printed, StringComparison.Ordinal);
            Assert.Matches(@"(?m)^VIOLATED +outboxes-empty ", printed);
        }
        finally { await platform.Database.Execute("update inventory.outbox set published_at = now() where event_id = id('event 9')"); }
    }

    [Fact]
    public async Task Where_it_could_not_look_it_ends_with_2()
    {
        Assert.Equal(2, (await Run(events: "nowhere/events.md")).Status);
        Assert.Equal(2, (await Run(management: "http://guest:wrong@127.0.0.1:1")).Status);
        Assert.Equal(2, (await Run(management: null)).Status);
        Assert.Equal(2, (await Run(postgres: "Host=127.0.0.1;Port=1;Database=none;Username=auditor;Timeout=2")).Status);
        Assert.Equal(2, (await Run(postgres: platform.Database.Service("donor"))).Status); // a login that may read one schema only
    }

    [Fact]
    public async Task It_cannot_write_whoever_it_is()
    {
        await using var connection = new Npgsql.NpgsqlConnection(platform.AuditorLogin);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "set default_transaction_read_only = off";
        await command.ExecuteNonQueryAsync();
        command.CommandText = "update event.slot set booked = 0";
        Assert.Equal("42501", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState);
    }

    [Fact]
    public void The_checked_in_table_of_events_is_understood()
    {
        var page = File.ReadAllText(PlatformAtRest.Repository("docs/events.md"));
        var listeners = Listeners.Parse(page)!;
        Assert.Equal(page.Split('\n').Count(line => line.StartsWith("| `BloodPlatform.Contracts.", StringComparison.Ordinal)), listeners.Types.Distinct().Count());
        Assert.Equal(["event", "inventory", "partner", "recognition"], listeners.Pairs.Where(p => p.Type == "BloodPlatform.Contracts.Donor.DonationCollected").Select(p => p.Service).Order());
        Assert.Equal(["partner"], listeners.Pairs.Where(p => p.Type == "BloodPlatform.Contracts.Recognition.CreditGranted").Select(p => p.Service));
    }

    [Theory]
    [InlineData("| event | publisher | key | heard by |\n|--|--|--|--|\n| DonationCollected | Donor | donor | Inventory, Event |", "Donor.DonationCollected", "event inventory partner")]
    [InlineData("words\n\n| [`BloodPlatform.Contracts.Event.DriveClosed`](x) | event |\n\n| Event | Publisher | Heard by |\n|:-|:-|-:|\n| [`BloodPlatform.Contracts.Event.DriveClosed`](x) | event | — |", "Event.DriveClosed", "partner")]
    public void A_table_of_listeners_is_read_leniently(string page, string type, string services)
    {
        var listeners = Listeners.Parse(page)!;
        Assert.Equal(["BloodPlatform.Contracts." + type], listeners.Types);
        Assert.Equal(services, string.Join(' ', listeners.Pairs.Select(p => p.Service).Order()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# Events\n\nTo be written.")]
    [InlineData("| a | b |\n|--|--|\n| c | d |")]
    public void A_page_without_the_table_is_no_table(string page) => Assert.Null(Listeners.Parse(page));

    private async Task<(int Status, string Printed)> Run(string? postgres = null, string? management = "default", string? events = null, int seconds = 30)
    {
        using var print = new StringWriter();
        var status = await Program.Run(postgres ?? platform.AuditorLogin, management == "default" ? PlatformAtRest.Management : management, platform.VirtualHost.Name,
            events ?? platform.EventsPage, TimeSpan.FromSeconds(seconds), print, CancellationToken.None);
        return (status, print.ToString());
    }
}
