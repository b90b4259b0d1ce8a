using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Recognition;
using BloodPlatform.Recognition.Rules;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>
/// A collection becomes exactly one credit line, and the levels it completes are earned. The DIN is the once: an older replay,
/// or the same collection under another event id, changes nothing.
/// </summary>
public static class OnDonationCollected
{
    /// <exception cref="InvalidOperationException">The DIN is credited to another donor: parked, because one of the two facts is wrong.</exception>
    public static async Task Handle(DonationCollected e, Transaction tx)
    {
        // The account's lock makes one donor's collections follow each other, so that the counts read behind it are complete.
        var (version, credits, earned, creditedTo) = await tx.Read("""
            insert into recognition.credit_account (donor_id, version) values (@DonorId, 0) on conflict do nothing;
            select version from recognition.credit_account where donor_id = @DonorId for update;
            select din, collected_at, national_counts, provincial_counts from recognition.credit where donor_id = @DonorId;
            select award, level from recognition.honour where donor_id = @DonorId;
            select donor_id from recognition.credit where din = @Din;
            """, new { e.DonorId, e.Din }, async grid => (
                await grid.ReadSingleAsync<long>(), (await grid.ReadAsync<Credit>()).ToList(), (await grid.ReadAsync<EarnedRow>()).ToHashSet(), await grid.ReadSingleOrDefaultAsync<Guid?>()));
        if (creditedTo == e.DonorId) return;
        if (creditedTo is not null) throw new InvalidOperationException($"{e.Din} is already credited to another donor");

        var (national, provincial) = (Rules("national"), Rules("provincial"));
        var (volumeMl, treatmentUnits) = (e.CollectedMl ?? 0, e.TreatmentUnits ?? 0);
        var credit = new Credit(e.Din, e.StartedAt, CountsBy(national), CountsBy(provincial));
        var creditId = tx.NewId();
        tx.Write("""
            insert into recognition.credit (id, din, donor_id, station_id, drive_id, procedure, outcome, volume_ml, treatment_units,
                                            national_counts, national_rules, provincial_counts, provincial_rules, collected_at, backfilled, granted_at)
            values (@creditId, @Din, @DonorId, @StationId, @DriveId, @Procedure, @Outcome, @volumeMl, @treatmentUnits,
                    @NationalCounts, @nationalRules, @ProvincialCounts, @provincialRules, @StartedAt, @Backfilled, @now)
            """, new
            {
                creditId, e.Din, e.DonorId, e.StationId, e.DriveId, e.Procedure, e.Outcome, volumeMl, treatmentUnits,
                credit.NationalCounts, nationalRules = national.Version, credit.ProvincialCounts, provincialRules = provincial.Version, e.StartedAt, e.Backfilled, now = tx.Now,
            });
        tx.Append(new CreditGranted
        {
            Key = e.DonorId.ToString(), Version = ++version, OccurredAt = e.StartedAt, StationId = e.StationId,
            CreditId = creditId, DonorId = e.DonorId, Kind = "donation", Din = e.Din, DriveId = e.DriveId, NationalCounts = credit.NationalCounts, ProvincialCounts = credit.ProvincialCounts,
            VolumeMl = volumeMl, TreatmentUnits = treatmentUnits, Backfilled = e.Backfilled,
        });

        foreach (var honour in Honours.Reached(AwardCatalogue.Shipped, [.. credits, credit]).Where(h => !earned.Contains(new(h.Rules.Award, h.Level))))
        {
            var honourId = tx.NewId();
            tx.Write("insert into recognition.honour (id, donor_id, award, level, rule_set_version, earned_at) values (@honourId, @DonorId, @Award, @Level, @Version, @now)",
                new { honourId, e.DonorId, honour.Rules.Award, honour.Level, honour.Rules.Version, now = tx.Now });
            tx.Append(new HonourEarned
            {
                Key = e.DonorId.ToString(), Version = ++version, OccurredAt = honour.ReachedAt, StationId = e.StationId,
                HonourId = honourId, DonorId = e.DonorId, Award = honour.Rules.Award, Level = honour.Level, RuleSet = honour.Rules.Award, RuleSetVersion = honour.Rules.Version,
            });
        }
        tx.Write("update recognition.credit_account set version = @version where donor_id = @DonorId", new { version, e.DonorId });

        AwardRules Rules(string scope) => AwardCatalogue.Shipped.InForce(scope, Shanghai.DateOf(e.StartedAt)); // judged as of its day, however late it is recorded
        decimal CountsBy(AwardRules rules) => Counting.CountsOf(rules, e.Procedure, e.NominalMl, volumeMl, treatmentUnits, e.Outcome);
    }

    private sealed record EarnedRow(string Award, string Level);
}
