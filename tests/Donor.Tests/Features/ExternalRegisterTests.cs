using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Features.ExternalChecks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>The register behind HTTP: whatever goes wrong there, nobody is called clear.</summary>
public sealed class ExternalRegisterTests
{
    /// <summary>Waits long for a register that answers, so that a busy machine is not taken for a silent register; short only for the silent one.</summary>
    private static async Task<string> Ask(string? url, int timeoutMilliseconds = 30_000)
    {
        var settings = new Dictionary<string, string?> { ["ExternalRegister:Url"] = url, ["ExternalRegister:TimeoutMilliseconds"] = $"{timeoutMilliseconds}" };
        using var register = new HttpRegister(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), NullLogger<HttpRegister>.Instance);
        return await register.Ask(new(Some.Id(), "passport", "E1234567"), CancellationToken.None);
    }

    /// <summary>Answers every connection with these bytes; none, never.</summary>
    private static async Task<string> Against(string? answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var open = new List<TcpClient>();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                lock (open) open.Add(client);
                if (answer is null) continue;
                await client.GetStream().ReadAtLeastAsync(new byte[64], 64);
                await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer));
                client.Client.Shutdown(SocketShutdown.Send);
            }
        });
        try { return await Ask($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/check", answer is null ? 300 : 30_000); }
        finally { lock (open) open.ForEach(c => c.Dispose()); }
    }

    private static string Json(string body, string status = "200 OK") => $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";

    [Fact]
    public async Task Its_words_are_taken_and_everything_else_is_unavailable()
    {
        Assert.Equal("clear", await Against(Json("""{"outcome":"clear"}""")));
        Assert.Equal("hit", await Against(Json("""{"outcome":"hit"}""")));
        foreach (var odd in new[] { Json("""{"outcome":"unavailable"}"""), Json("""{"outcome":null}"""), Json("{}"), Json("clear"), Json("""{"outcome":"clear"}""", "500 Oops"), "nonsense\r\n\r\n", null,
            Json("""{"outcome":"clear"}""").Replace("application/json", "application/json; charset=klingon", StringComparison.Ordinal), Json("""{"outcome":"clear"}""")[..^3], Json("""{"outcome":"cl\ud800"}""") })
            Assert.Equal("unavailable", await Against(odd));
        Assert.Equal("unavailable", await Ask("http://127.0.0.1:1/nobody"));
        Assert.Equal("unavailable", await Ask(null)); // a platform without a register releases nothing
    }

    [Fact]
    public async Task It_is_asked_about_every_document_and_a_hit_comes_before_no_answer_and_that_before_clear()
    {
        var answers = new ConcurrentDictionary<string, string>();
        var asked = new ConcurrentBag<string>();
        await using var listening = await Register(number => { asked.Add(number); return answers.GetValueOrDefault(number, "clear"); });
        var service = await ServiceUnderTest.Start("donor", Program.Create, settings: [$"--ExternalRegister:Url={listening.Urls.Single()}/check", "--ExternalRegister:RetrySeconds=0.2"]);
        await using (service)
        {
            var station = new SomeStation(service);
            async Task<Guid> Donor(string passport)
            {
                var donor = await station.Donor();
                Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = passport })).Status);
                return donor;
            }
            answers["E7000001"] = "hit";
            var elsewhere = await station.Open(await Donor("E7000001"));
            Assert.Equal(("deferred", "hit"), (elsewhere.Text("status"), elsewhere.Text("externalCheck")));
            Assert.Equal(2, asked.Count); // his resident id and his passport

            answers["E7000002"] = "nothing"; // no answer on one of two
            var visit = await station.Open(await Donor("E7000002"));
            Assert.Equal(("checked-in", "unavailable"), (visit.Text("status"), visit.Text("externalCheck")));
            answers["E7000002"] = "clear";
            await Eventually.That(async () => (await station.Client.Get($"/v1/visits/{visit.Id}")).Text("externalCheck") == "clear");

            // What is no answer stops neither him nor the asking again.
            answers["E7000003"] = "klingon";
            var odd = await station.Open(await Donor("E7000003"));
            Assert.Equal((201, "unavailable"), (odd.Status, odd.Text("externalCheck")));
            var before = asked.Count;
            await Eventually.That(() => Task.FromResult(asked.Count > before + 3));
            answers["E7000003"] = "hit";
            await Eventually.That(async () => (await station.Client.Get($"/v1/visits/{odd.Id}")).Text("externalCheck") == "hit");
        }
    }

    /// <summary>A register of its own that answers by number.</summary>
    private static async Task<WebApplication> Register(Func<string, string> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapPost("/check", async (HttpContext http) =>
        {
            using var question = await System.Text.Json.JsonDocument.ParseAsync(http.Request.Body);
            var outcome = answer(question.RootElement.GetProperty("documentNumber").GetString()!);
            http.Response.ContentType = outcome == "klingon" ? "application/json; charset=klingon" : "application/json";
            await http.Response.WriteAsync($$"""{"outcome":"{{outcome}}"}""");
        });
        await app.StartAsync();
        return app;
    }

    [Fact]
    public async Task A_register_that_hangs_does_not_keep_a_donor_from_giving()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var service = await ServiceUnderTest.Start("donor", Program.Create, settings: [$"--ExternalRegister:Url=http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/", "--ExternalRegister:TimeoutMilliseconds=200", "--ExternalRegister:RetrySeconds=3600"]);
        await using (service)
        {
            var station = new SomeStation(service);
            var visit = await station.VisitAt("completed");
            Assert.Equal("unavailable", (await station.Client.Get($"/v1/visits/{visit}")).Text("externalCheck"));
            Assert.Equal("unavailable", Assert.Single(await service.Published<DonationCollected>()).ExternalCheck);
        }
    }
}
