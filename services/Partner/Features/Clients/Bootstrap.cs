using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;

namespace BloodPlatform.Partners.Features.Clients;

/// <summary>
/// <c>dotnet Partner.dll bootstrap</c>: the first admin client, for whoever can start the service anyway. Prints exactly one line,
/// {"clientId","clientSecret"}; a second run gives the same client a new secret (or makes another once that one was revoked).
/// Only in a sandbox, or with --force=true: on a running platform a new admin is an act that must be meant.
/// </summary>
public static class Bootstrap
{
    public static async Task<int> Run(IServiceProvider services, CancellationToken ct)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        if (configuration["Platform:Sandbox"] != "true" && configuration["force"] != "true")
        {
            await Console.Error.WriteLineAsync("bootstrap: this is no sandbox (Platform:Sandbox). To make or re-issue the admin client all the same, add --force=true");
            return 1;
        }
        await using var scope = services.CreateAsyncScope();
        var vault = services.GetRequiredService<Vault>();
        var secret = ClientSecret.New();
        var id = await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(async tx =>
        {
            // Two at once: the second waits for the row, or fails on client_one_bootstrap and is run again.
            if (await tx.QuerySingle<ClientRow>($"select {ClientRow.Columns} from partner.client where bootstrap and status = 'active' for update") is { } existing)
            {
                RotateClient.Rotate(tx, vault, existing, secret);
                return existing.Id;
            }
            var made = tx.NewId();
            RegisterClient.Add(tx, vault, new ClientRow(made, 1, "bootstrap", Roles.Admin, null, [], [.. Scopes.Of(Roles.Admin)], "active", tx.Now, null, null), secret, bootstrap: true);
            return made;
        }, ct);
        Console.WriteLine(JsonSerializer.Serialize(new { clientId = id.ToString(), clientSecret = secret }));
        return 0;
    }
}
