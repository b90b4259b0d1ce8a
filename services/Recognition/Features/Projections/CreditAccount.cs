using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Recognition;
using BloodPlatform.Recognition.Rules;
using Dapper;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>
/// A person's credits, those of all donor ids that were merged into one, read whole under the lock of the account of the donor who stands for him:
/// his facts follow each other there, so that the counts are complete. Lines stay with the id they were granted to and are only added: a correction
/// takes the line that stands back and grants another.
/// </summary>
internal sealed class CreditAccount
{
    private readonly Guid donorId;
    private readonly Dictionary<Guid, long> versions;
    private readonly List<LineRow> standing;
    private readonly List<HonourRow> honours;
    private readonly CorrectionRow? correction;

    private CreditAccount(Guid donorId, Guid personId, Dictionary<Guid, long> versions, List<LineRow> standing, List<HonourRow> honours, CorrectionRow? correction) =>
        (this.donorId, PersonId, this.versions, this.standing, this.honours, this.correction) = (donorId, personId, versions, standing, honours, correction);

    /// <summary>The donor who stands for the person: honours are his.</summary>
    public Guid PersonId { get; }

    /// <exception cref="InvalidOperationException">The DIN is credited to another donor: parked, because one of the two facts is wrong.</exception>
    public static async Task<(CreditAccount Account, bool Granted)> Open(Transaction tx, Guid donorId, string din) => await tx.Read($"""
        {Sql("@donorId")}
        select number, state::text as state from recognition.donation_correction where din = @din;
        select donor_id from recognition.credit where din = @din limit 1;
        """, new { donorId, din }, async grid =>
    {
        var person = await Read(grid, donorId);
        var account = new CreditAccount(donorId, person.PersonId, person.versions, person.standing, person.honours, await grid.ReadSingleOrDefaultAsync<CorrectionRow>());
        var creditedTo = await grid.ReadSingleOrDefaultAsync<Guid?>();
        if (creditedTo is { } other && other != donorId) throw new InvalidOperationException($"{din} is already credited to another donor");
        return (account, creditedTo is not null);
    });

    /// <summary>What <see cref="Read"/> takes, for the person of an id.</summary>
    /// <param name="donor">An SQL expression.</param>
    public static string Sql(string donor) => $"""
        insert into recognition.credit_account (donor_id, version) select {Persons.Of(donor)}, 0 on conflict do nothing;
        insert into recognition.credit_account (donor_id, version) values ({donor}, 0) on conflict do nothing;
        select donor_id, version, {Persons.Of(donor)} as person_id from recognition.credit_account where donor_id in {Persons.Ids(donor)} order by donor_id for update;
        select {Persons.Of(donor)};
        select c.id, c.din, c.station_id, c.drive_id, c.procedure, c.outcome, c.volume_ml, c.treatment_units, c.national_counts, c.provincial_counts, c.collected_at, c.backfilled
          from recognition.credit c where c.donor_id in {Persons.Ids(donor)} and c.voids is null and not exists (select from recognition.credit v where v.voids = c.id);
        select id, donor_id, award, level from recognition.honour where donor_id in {Persons.Ids(donor)} and revoked_at is null;
        """;

    public static async Task<CreditAccount> Read(SqlMapper.GridReader grid, Guid donorId)
    {
        var accounts = (await grid.ReadAsync<AccountRow>()).AsList();
        var person = await grid.ReadSingleAsync<Guid>();
        if (accounts.Exists(a => a.PersonId != person)) throw Persons.MergedMeanwhile();
        return new(donorId, person, accounts.ToDictionary(a => a.DonorId, a => a.Version), (await grid.ReadAsync<LineRow>()).ToList(), (await grid.ReadAsync<HonourRow>()).ToList(), null);
    }

    /// <summary>Grants a collection, and lets a correction that came before it stand.</summary>
    public void Grant(Transaction tx, DonationCollected e)
    {
        Grant(tx, new(tx.NewId(), e.Din, e.StationId, e.DriveId, e.Procedure, e.Outcome, e.CollectedMl ?? 0, e.TreatmentUnits ?? 0, 0, 0, e.StartedAt, e.Backfilled), e.NominalMl, 0);
        if (correction is not null) Restate(tx, e.Din, correction.Number, correction.State is null ? null : JsonSerializer.Deserialize<CollectedState>(correction.State, Json.Options));
        Settle(tx);
    }

    /// <summary>What a donation really was, or that it is none of his (no state); older than what is known it changes nothing.</summary>
    public void Correct(Transaction tx, string din, int number, CollectedState? state)
    {
        if (correction is not null && correction.Number >= number) return;
        tx.Write("""
            insert into recognition.donation_correction (din, number, state) values (@din, @number, @state::jsonb)
            on conflict (din) do update set number = excluded.number, state = excluded.state where excluded.number > donation_correction.number
            """, new { din, number, state = state is null ? null : JsonSerializer.Serialize(state, Json.Options) });
        Restate(tx, din, number, state);
        Settle(tx);
    }

    private void Restate(Transaction tx, string din, int number, CollectedState? state)
    {
        if (standing.Find(l => l.Din == din) is not { } line) return; // the collection has not arrived: its arrival finds the correction
        var voidId = tx.NewId();
        tx.Write("""
            insert into recognition.credit (id, din, donor_id, station_id, drive_id, procedure, outcome, volume_ml, treatment_units, national_counts, national_rules, provincial_counts, provincial_rules, collected_at, backfilled, granted_at, voids, correction)
            select @voidId, din, donor_id, station_id, drive_id, procedure, outcome, -volume_ml, -treatment_units, -national_counts, national_rules, -provincial_counts, provincial_rules, collected_at, backfilled, @now, id, @number
            from recognition.credit where id = @Id
            """, new { voidId, line.Id, number, now = tx.Now }, rows: 1);
        standing.Remove(line);
        tx.Append(new CreditVoided
        {
            Key = donorId.ToString(), Version = NextVersion(donorId), OccurredAt = tx.Now, StationId = line.StationId, VoidId = voidId, CreditId = line.Id, DonorId = donorId, Kind = "donation", Din = din, DriveId = line.DriveId,
            NationalCounts = line.NationalCounts, ProvincialCounts = line.ProvincialCounts, VolumeMl = line.VolumeMl, TreatmentUnits = line.TreatmentUnits, Backfilled = line.Backfilled,
        });
        if (state is not null)
            Grant(tx, line with { Id = tx.NewId(), Outcome = state.Outcome, VolumeMl = state.CollectedMl ?? 0, TreatmentUnits = state.TreatmentUnits ?? 0, CollectedAt = state.StartedAt }, state.NominalMl, number);
    }

    private void Grant(Transaction tx, LineRow line, int? nominalMl, int number)
    {
        var (national, provincial) = (Rules("national"), Rules("provincial"));
        line = line with { NationalCounts = CountsBy(national), ProvincialCounts = CountsBy(provincial) };
        standing.Add(line);
        tx.Write("""
            insert into recognition.credit (id, din, donor_id, station_id, drive_id, procedure, outcome, volume_ml, treatment_units,
                                            national_counts, national_rules, provincial_counts, provincial_rules, collected_at, backfilled, granted_at, correction)
            values (@Id, @Din, @donorId, @StationId, @DriveId, @Procedure, @Outcome, @VolumeMl, @TreatmentUnits,
                    @NationalCounts, @nationalRules, @ProvincialCounts, @provincialRules, @CollectedAt, @Backfilled, @now, @number)
            """, new
            {
                line.Id, line.Din, donorId, line.StationId, line.DriveId, line.Procedure, line.Outcome, line.VolumeMl, line.TreatmentUnits,
                line.NationalCounts, nationalRules = national.Version, line.ProvincialCounts, provincialRules = provincial.Version, line.CollectedAt, line.Backfilled, now = tx.Now, number,
            });
        tx.Append(new CreditGranted
        {
            Key = donorId.ToString(), Version = NextVersion(donorId), OccurredAt = line.CollectedAt, StationId = line.StationId,
            CreditId = line.Id, DonorId = donorId, Kind = "donation", Din = line.Din, DriveId = line.DriveId, NationalCounts = line.NationalCounts, ProvincialCounts = line.ProvincialCounts,
            VolumeMl = line.VolumeMl, TreatmentUnits = line.TreatmentUnits, Backfilled = line.Backfilled,
        });

        AwardRules Rules(string scope) => AwardCatalogue.Shipped.InForce(scope, Shanghai.DateOf(line.CollectedAt)); // judged as of its day, however late it is recorded
        decimal CountsBy(AwardRules rules) => Counting.CountsOf(rules, line.Procedure, nominalMl, line.VolumeMl, line.TreatmentUnits, line.Outcome);
    }

    /// <summary>Levels that what stands reaches are earned, once by the person whichever of his ids earned them, and those it no longer reaches are revoked.</summary>
    public void Settle(Transaction tx)
    {
        var reached = Honours.Reached(AwardCatalogue.Shipped, [.. standing.Select(l => new Credit(l.Din, l.CollectedAt, l.NationalCounts, l.ProvincialCounts))]).ToList();
        foreach (var honour in reached.Where(h => !honours.Exists(e => (e.Award, e.Level) == (h.Rules.Award, h.Level))))
        {
            var honourId = tx.NewId();
            tx.Write("insert into recognition.honour (id, donor_id, award, level, rule_set_version, earned_at) values (@honourId, @PersonId, @Award, @Level, @Version, @now)",
                new { honourId, PersonId, honour.Rules.Award, honour.Level, honour.Rules.Version, now = tx.Now });
            tx.Append(new HonourEarned
            {
                Key = PersonId.ToString(), Version = NextVersion(PersonId), OccurredAt = honour.ReachedAt, StationId = standing.Find(l => l.CollectedAt == honour.ReachedAt)?.StationId,
                HonourId = honourId, DonorId = PersonId, Award = honour.Rules.Award, Level = honour.Level, RuleSet = honour.Rules.Award, RuleSetVersion = honour.Rules.Version,
            });
        }
        foreach (var lost in honours.Where(e => !reached.Exists(h => (e.Award, e.Level) == (h.Rules.Award, h.Level))))
        {
            tx.Write("update recognition.honour set revoked_at = @now where id = @Id and revoked_at is null", new { lost.Id, now = tx.Now });
            tx.Append(new HonourRevoked { Key = lost.DonorId.ToString(), Version = NextVersion(lost.DonorId), OccurredAt = tx.Now, HonourId = lost.Id, DonorId = lost.DonorId, Award = lost.Award, Level = lost.Level });
        }
        foreach (var (id, version) in versions) tx.Write("update recognition.credit_account set version = @version where donor_id = @id", new { version, id });
    }

    private long NextVersion(Guid id) => versions[id] = versions.GetValueOrDefault(id) + 1;

    private sealed record AccountRow(Guid DonorId, long Version, Guid PersonId);

    private sealed record LineRow(Guid Id, string Din, Guid? StationId, Guid? DriveId, string Procedure, string Outcome, int VolumeMl, int TreatmentUnits, decimal NationalCounts, decimal ProvincialCounts, DateTimeOffset CollectedAt, bool Backfilled);

    private sealed record HonourRow(Guid Id, Guid DonorId, string Award, string Level);

    private sealed record CorrectionRow(int Number, string? State);
}
