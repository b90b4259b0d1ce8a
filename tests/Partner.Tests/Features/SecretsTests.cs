using System.Collections.Concurrent;
using System.Text;
using BloodPlatform.Chassis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BloodPlatform.Partners.Tests.Features;

/// <summary>A service of its own, so that all it ever wrote and logged can be searched.</summary>
public sealed class SecretsTests
{
    [Fact]
    public async Task Secrets_and_pins_and_names_are_nowhere_in_the_database_the_logs_or_stored_answers()
    {
        await using var service = await ServiceUnderTest.Start("partner", Program.Create, settings: ["--Logging:LogLevel:Default=Trace"]);
        using var log = new Everything();
        service.App.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);

        var station = await service.Organisation("blood-station");
        var made = await service.Admin().Post("/v1/clients", new { name = "x", role = "station", tenantId = station }, "key-1");
        var rotated = await service.Admin().Post($"/v1/clients/{made.Id}/rotate", null, "key-2");
        var secret = rotated.Text("clientSecret");
        var token = await service.Token(("grant_type", "client_credentials"), ("client_id", made.Text("clientId")), ("client_secret", secret));
        Assert.Equal(200, token.Status);
        const string pin = "918273645546", name = "甲无名氏", wrongPin = "546372819055";
        var program = service.As(Roles.Station, station);
        Assert.Equal(201, (await program.Post("/v1/staff", new { staffNumber = "S1", name, functions = new[] { "quality" }, qualifiedUntil = "2030-01-01", pin }, "key-3")).Status);
        var session = await program.Post("/v1/staff/sessions", new { staffNumber = "S1", pin }, "key-4");
        Assert.Equal(201, session.Status);
        await program.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = wrongPin });
        await program.Post("/v1/staff/sessions", new { staffNumber = pin, pin = "111111" }); // typed into the wrong field
        await program.PostRaw("/v1/staff", $$"""{"staffNumber":"S2","name":"{{name}}","functions":["quality"],"pin":"{{pin}}" """);

        string[] hidden = [made.Text("clientSecret"), secret, token.Text("access_token"), session.Text("token"), name, wrongPin];
        var dump = await service.Dump();
        Assert.True(dump.Length > 2000 && dump.Contains(made.Text("clientId"), StringComparison.Ordinal));
        foreach (var value in hidden)
        {
            Assert.DoesNotContain(value, dump, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToHexString(Encoding.UTF8.GetBytes(value)), dump, StringComparison.OrdinalIgnoreCase);
        }
        // The one trace of a number that was tried is the count of its tries.
        Assert.DoesNotContain(pin, string.Join('\n', dump.Split('\n').Where(line => !line.StartsWith($"({station},{pin},", StringComparison.Ordinal))), StringComparison.Ordinal);

        var logged = string.Join('\n', log.Lines);
        Assert.All(hidden.Append(pin), value => Assert.DoesNotContain(value, logged, StringComparison.Ordinal));
        Assert.Equal(3, await service.Database.Scalar<long>("select count(*) from partner.idempotency"));
    }

    private sealed class Everything : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose() { }
    }
}
