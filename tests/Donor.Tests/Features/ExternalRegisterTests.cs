using System.Net;
using System.Net.Sockets;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Features.ExternalChecks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>The register behind HTTP: whatever goes wrong there, nobody is called clear.</summary>
public sealed class ExternalRegisterTests
{
    private static async Task<string> Ask(string? url)
    {
        var settings = new Dictionary<string, string?> { ["ExternalRegister:Url"] = url, ["ExternalRegister:TimeoutMilliseconds"] = "300" };
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
        try { return await Ask($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/check"); }
        finally { lock (open) open.ForEach(c => c.Dispose()); }
    }

    private static string Json(string body, string status = "200 OK") => $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";

    [Fact]
    public async Task Its_words_are_taken_and_everything_else_is_unavailable()
    {
        Assert.Equal("clear", await Against(Json("""{"outcome":"clear"}""")));
        Assert.Equal("hit", await Against(Json("""{"outcome":"hit"}""")));
        foreach (var odd in new[] { Json("""{"outcome":"unavailable"}"""), Json("""{"outcome":null}"""), Json("{}"), Json("clear"), Json("""{"outcome":"clear"}""", "500 Oops"), "nonsense\r\n\r\n", null })
            Assert.Equal("unavailable", await Against(odd));
        Assert.Equal("unavailable", await Ask("http://127.0.0.1:1/nobody"));
        Assert.Equal("unavailable", await Ask(null)); // a platform without a register releases nothing
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
