using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Npgsql;

namespace BloodPlatform.Donors.Features.RuleSets;

/// <summary>
/// A release brings rule sets; each version is recorded and announced once, in one transaction, by whichever replica starts first.
/// What is recorded already stands, whatever a later release's file says: decisions were made by it.
/// </summary>
public sealed class PublishRuleSets(IServiceScopeFactory scopes, TimeProvider clock, ILogger<PublishRuleSets> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        while (true)
        {
            try { await Publish(stopping); return; }
            catch (NpgsqlException e) when (!stopping.IsCancellationRequested)
            {
                log.LogWarning("Rule sets wait for the database: {Reason}", e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(2), clock, stopping);
            }
        }
    }

    private async Task Publish(CancellationToken ct)
    {
        foreach (var (document, text) in RuleBook.ReleaseDocuments)
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(async tx =>
            {
                var (position, known) = await tx.Read(RuleBooks.Lock + RuleBooks.Position + "select exists (select from donor.rule_set where code = @Code and version = @Version)", new { document.Code, document.Version }, async grid =>
                {
                    await grid.ReadAsync<int>();
                    return (await grid.ReadSingleAsync<long>(), await grid.ReadSingleAsync<bool>());
                });
                if (!known) Publication.Write(tx, document, text, position + 1, "release");
            }, ct);
        }
    }
}
