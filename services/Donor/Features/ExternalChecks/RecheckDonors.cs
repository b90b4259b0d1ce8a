using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Visits;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.ExternalChecks;

/// <summary>
/// Asks the external register again about donors of whom it said nothing when they came, until it does. What it says is applied once, under
/// the visit's lock; asking twice, by two replicas, does no harm. A visit that ended without blood is not asked about.
/// </summary>
public sealed class RecheckDonors(IServiceScopeFactory scopes, Vault vault, RuleBooks books, IConfiguration configuration, ILogger<RecheckDonors> log)
    : Sweep(scopes, TimeSpan.FromSeconds(configuration.GetValue("ExternalRegister:RetrySeconds", 15.0)), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var register = scope.ServiceProvider.GetRequiredService<IExternalRegister>();
        var open = await db.Query<OpenRow>("""
            select v.id, v.donor_id from donor.visit v join donor.subject_key k on k.subject_id = v.donor_id
            where v.external_check = 'unavailable' and v.status not in ('deferred', 'abandoned') order by v.external_asked_at limit 100
            """, null, ct);
        foreach (var row in open)
        {
            // First, so that a visit which can't be asked about takes its turn after the others and keeps none of them from theirs.
            await db.InTransaction(tx => { tx.WriteAny("update donor.visit set external_asked_at = @now where id = @Id", new { row.Id, now = TimeProvider.System.GetUtcNow() }); return Task.CompletedTask; }, ct);
            try
            {
                if (await ExternalPerson.Ask(db, vault, register, row.DonorId, ct) is (ExternalOutcome.Clear or ExternalOutcome.Hit) and var outcome)
                    await db.InTransaction(tx => Apply(tx, vault, books, row.Id, outcome), ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested) { log.LogWarning("The external register's answer on visit {Visit} waits: {Reason}", row.Id, e.GetType().Name); }
        }
    }

    private static async Task Apply(Transaction tx, Vault vault, RuleBooks books, Guid visitId, string outcome)
    {
        if (await VisitFile.Lock(tx, vault, books, visitId) is not { Row.ExternalCheck: ExternalOutcome.Unavailable } visit) return; // another replica was first
        var (row, donor) = (visit.Row, visit.Donor);
        visit.Row = row with { ExternalCheck = outcome };
        if (VisitSteps.Given(row.Status))
            visit.Announce(tx, new DonationExternallyChecked { Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = tx.Now, Din = row.Din!, DonorId = donor.Id, Outcome = outcome });
        if (outcome == ExternalOutcome.Hit)
        {
            // It withdraws what he gave. Before the needle it stops him there too; with the needle in, the finish withdraws what doubts stand against.
            donor.Defer(tx, new DeferralFact(ExternalOutcome.Deferral, visit.Day, null), "final", "external", visit.Rules, visitId: visitId);
            donor.AnnounceWindows(tx);
        }
        visit.Save(tx);
        tx.Audit("visit.external-check", $"visits/{visitId}");
    }

    private sealed record OpenRow(Guid Id, Guid DonorId);
}
