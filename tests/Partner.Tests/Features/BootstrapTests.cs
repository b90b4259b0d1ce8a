using System.Diagnostics;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Tests.Features;

/// <summary>The operator's command and the program that fills a sandbox, as processes of their own.</summary>
[Collection(nameof(OnePartner))]
public sealed class BootstrapTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    [Fact]
    public async Task Bootstrap_prints_one_line_with_a_client_that_works_and_a_second_run_changes_its_secret()
    {
        var first = await Bootstrap("--Platform:Sandbox=true");
        var second = await Bootstrap("--Platform:Sandbox=true");
        Assert.Equal((0, 0), (first.Exit, second.Exit));
        var (one, two) = (Credentials(first.Output), Credentials(second.Output));
        Assert.Equal(one.Id, two.Id);
        Assert.NotEqual(one.Secret, two.Secret);
        Assert.Equal(401, (await Token(one)).Status);
        var token = await Token(two);
        Assert.Equal((200, "audit clients events organisations staff statistics"), (token.Status, string.Join(' ', token.Text("scope").Split(' ').Order(StringComparer.Ordinal))));

        Assert.Equal(200, (await service.Admin().Post($"/v1/clients/{two.Id}/revoke")).Status);
        var third = Credentials((await Bootstrap("--Platform:Sandbox=true")).Output);
        Assert.NotEqual(two.Id, third.Id);
        Assert.Equal((401, 200), ((await Token(two)).Status, (await Token(third)).Status));
    }

    [Fact]
    public async Task Outside_a_sandbox_it_must_be_meant()
    {
        var before = await service.Database.Scalar<long>("select count(*) from partner.outbox");
        var refused = await Bootstrap("--Platform:Sandbox=false");
        Assert.Equal((1, ""), (refused.Exit, refused.Output));
        Assert.Contains("--force=true", refused.Errors);
        Assert.Equal(before, await service.Database.Scalar<long>("select count(*) from partner.outbox"));
        Assert.Equal(0, (await Bootstrap("--Platform:Sandbox=false", "--force=true")).Exit);
    }

    private Task<Answer> Token((string Id, string Secret) client) => service.Token(("grant_type", "client_credentials"), ("client_id", client.Id), ("client_secret", client.Secret));

    private static (string Id, string Secret) Credentials(string output)
    {
        var json = JsonDocument.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.Equal(["clientId", "clientSecret"], json.EnumerateObject().Select(p => p.Name));
        return (json.GetProperty("clientId").GetString()!, json.GetProperty("clientSecret").GetString()!);
    }

    private async Task<(int Exit, string Output, string Errors)> Bootstrap(params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string key(string name) => Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
        string[] args = [typeof(Program).Assembly.Location, "bootstrap", "--Broker:Uri=none", "--Logging:LogLevel:Default=Trace",
            "--ConnectionStrings:Service=" + service.Database.Service("partner"), "--Platform:MasterKey=" + key("master"), "--Platform:IndexKey=" + key("index"), .. settings];
        foreach (var arg in args) start.ArgumentList.Add(arg);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
