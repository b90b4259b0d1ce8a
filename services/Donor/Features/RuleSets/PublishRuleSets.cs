using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using Npgsql;

namespace BloodPlatform.Donors.Features.RuleSets;

/// <summary>
/// A release brings rule sets; each version is recorded and announced once, in one transaction, by whichever replica starts first.
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
        foreach (var ((rules, document), version) in RuleBook.Versions.Select((v, i) => (v, i + 1)))
        {
            await using var scope = scopes.CreateAsyncScope();
            try
            {
                await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(async tx =>
                {
                    if (await tx.QuerySingle<bool>("select exists (select from donor.rule_set where code = @Code and version = @Version)", new { rules.Code, rules.Version })) return;
                    tx.Write("insert into donor.rule_set (code, version, valid_from, valid_to, document, recorded_at) values (@Code, @Version, @ValidFrom, @ValidTo, @document::jsonb, @now)",
                        new { rules.Code, rules.Version, rules.ValidFrom, rules.ValidTo, document, now = tx.Now });
                    tx.Append(new RuleSetPublished
                    {
                        Key = rules.Code, Version = version, OccurredAt = tx.Now, Code = rules.Code, RuleSetVersion = rules.Version, ValidFrom = rules.ValidFrom, ValidTo = rules.ValidTo,
                        Intervals = [.. rules.OfKind("interval").Select(r => new DonationInterval(r.From!, r.To!, (12 * r.Years) + r.Months, r.Days))],
                    });
                }, ct);
            }
            catch (PostgresException e) when (e.ConstraintName == "rule_set_once") { log.LogInformation("Rule set {Code} {Version} was announced by another replica", rules.Code, rules.Version); }
        }
    }
}
