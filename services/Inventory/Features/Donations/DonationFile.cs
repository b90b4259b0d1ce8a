using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.HospitalTasks;
using BloodPlatform.Inventory.Features.Lookbacks;
using BloodPlatform.Inventory.Features.Projections;
using BloodPlatform.Inventory.Features.Recalls;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Donations;

public sealed record DonationView(
    string Din, string CheckCharacter, string Status, Guid DonorId, Guid? DriveId, string Procedure, int? NominalMl, int? CollectedMl, int? TreatmentUnits, string? BloodGroup,
    DateTimeOffset CollectedAt, bool Backfilled, string Outcome, string[] Deviations, string[] Restrictions,
    IReadOnlyDictionary<string, string> Conclusions, FieldError[] Unmet, int Signatures, DateTimeOffset? ReleasedAt, HoldView[] Holds, UnitView[] Units, string[] AllowedActions, string? ExternalCheck, bool Voided, string TestScheme);

/// <summary>
/// Everything Inventory knows of one donation: read whole in one round trip, under the lock of its row, decided on by the rules,
/// written back. Results or holds for a donation that has not arrived make a file that <see cref="Arrived"/> is false of.
/// </summary>
internal sealed class DonationFile
{
    private readonly long readVersion;

    private List<StationSchemeRow> schemes = [];

    private DonationFile(DonationRow row) => (Row, readVersion) = (row, row.Version);

    public DonationRow Row { get; }
    public List<ResultRow> Results { get; } = [];
    public List<HoldRow> Holds { get; } = [];
    public List<UnitRow> Units { get; } = [];
    public List<Guid> Signers { get; } = [];
    public List<RequirementRow> DeferralsRequired { get; } = [];
    public List<CorrectionRow> Corrections { get; } = [];

    /// <summary>What the laboratory knows of the donor from his other donations, under the same id.</summary>
    public SafetyRow? Safety { get; private set; }

    /// <summary>The same under every id that is him, this one included.</summary>
    public SafetyRow[] Registrations { get; private set; } = [];

    /// <summary>Whether a donation of his was ever found reactive, under whichever id.</summary>
    public bool ReactiveBefore => Registrations.Any(s => s.ReactiveSince is not null);

    /// <summary>Whether anything was appended since it was read.</summary>
    public bool Changed => Row.Version != readVersion;

    public string Din => Row.Din;
    public bool Arrived => Row.ArrivedAt is not null;
    public Conclusions Conclusions => Rules.Conclusions.Of(Scheme, Rows, KnownGroups);

    /// <summary>The group that its own rows say, whatever else is known of the donor.</summary>
    public string? GroupOfRows => Rules.Conclusions.Of(Scheme, Rows, []).Group;

    private IEnumerable<TestRow> Rows => Results.Select(r => new TestRow(r.Test, r.Round, r.Outcome, r.Value, r.ControlsValid, Results.Exists(c => c.Corrects is { } corrected && corrected == r.Id), r.PoolId, r.PoolReactive, r.ReagentLot));

    /// <summary>The scheme of its station on its day.</summary>
    public TestScheme Scheme
    {
        get
        {
            var at = Row.StartedAt ?? Results.FirstOrDefault()?.PerformedAt ?? DateTimeOffset.MaxValue.AddDays(-1);
            return Parameters.SchemeOn(Shanghai.DateOf(at), StationSchemeRow.Of(schemes, Row.StationId, at));
        }
    }

    private IEnumerable<string> KnownGroups => Registrations.Select(s => s.BloodGroup).Prepend(Row.ChairGroup).OfType<string>();

    /// <summary>Whether any of its blood may still reach a patient.</summary>
    public bool InDate(DateTimeOffset now) => !Row.Backfilled && (Units.Count == 0 || Units.Any(u => u.Status is not ("transfused" or "discarded" or "historic" or "consumed") && u.ExpiresAt >= now));

    public ReleaseState ReleaseState => new(Row.Backfilled, Row.ReleasedAt is not null, Conclusions, [.. Holds.Where(h => h.UnitId is null || Units.Any(u => u.Id == h.UnitId && u.Status == "quarantine")).Select(h => h.Kind)],
        [.. Units.Where(u => u.Status is "quarantine" or "expired").Select(u => (u.Component, u.ExpiresAt))], [.. Signers], [.. Results.Select(r => r.StaffId).Distinct()], Row.ExternalCheck, Row.VoidedAt is not null);

    public DonationView View(DateTimeOffset now)
    {
        var unmet = Row.ReleasedAt is null ? Release.Unmet(ReleaseState, now) : [];
        string[] actions = Row.VoidedAt is not null ? [] : Row.Backfilled ? (Row.ComponentsAt is null ? ["components"] : [])
            : [.. Row.ComponentsAt is null ? new[] { "components" } : [], .. Row.ReleasedAt is null && unmet.Length == 0 ? new[] { "release-signatures" } : []];
        return new(Din, Rules.Din.Parse(Din)?.CheckCharacter.ToString() ?? "", Row.Status, Row.PersonId!.Value, Row.DriveId, Row.Procedure!, Row.NominalMl, Row.CollectedMl, Row.TreatmentUnits, Row.BloodGroup,
            Row.StartedAt!.Value, Row.Backfilled, Row.Outcome!, Row.Deviations, Row.Restrictions, Conclusions.ByTest, unmet, Signers.Count, Row.ReleasedAt,
            [.. Holds.Where(h => h.UnitId is null).Select(h => h.View)],
            [.. Units.OrderBy(u => u.ProductCode, StringComparer.Ordinal).ThenBy(u => u.Division, StringComparer.Ordinal).Select(u => u.View(now, [.. Holds.Where(h => h.UnitId is null || h.UnitId == u.Id).Select(h => h.View)]))], actions, Row.ExternalCheck, Row.VoidedAt is not null, Scheme.Version);
    }

    /// <summary>
    /// Reads the files of the numbers in the station (any station when null), in the order of their numbers. With
    /// <paramref name="forUpdate"/> the donor's row is locked first, then the donations: everybody locks in that order.
    /// </summary>
    /// <param name="which">Which numbers, where they are not given but found.</param>
    /// <param name="others">Also the files of the same persons' other donations, under whichever of their ids (look-back).</param>
    /// <param name="historic">Of the others also those that were recorded afterwards; no blood of theirs is anywhere any more.</param>
    /// <param name="lookback">With the others come the persons' open look-backs, and this one, open or closed.</param>
    /// <param name="recalls">A station whose open recalls come too: until the commit it opens and closes none. With the others come those that name the persons.</param>
    /// <param name="prepare">A statement that runs first: rows for what has not arrived yet.</param>
    public static async Task<Files> Load(
        Transaction tx, string[] dins, Guid? station, bool forUpdate = false, bool others = false, Guid? donor = null, string prepare = "", object? prepareArgs = null, string which = "= any(@dins)", bool historic = false, Guid? lookback = null, Guid? recalls = null)
    {
        var ofStation = $"from inventory.donation w where w.din {which} and (@station::uuid is null or w.station_id = @station)";
        var wanted = $"select w.din {ofStation}";
        var donors = Persons.IdsOfAll($"select w.donor_id {ofStation} union select @donor::uuid"); // a person's registrations are one donor here
        var set = others ? $"{wanted} union select o.din from inventory.donation o where {(historic ? "" : "not o.backfilled and ")}o.donor_id in ({donors})" : wanted;
        var @lock = forUpdate ? "for update" : "";
        var args = new Dapper.DynamicParameters(prepareArgs);
        args.AddDynamicParams(new { dins, station, donor, lookback, recalls, sealNotBefore = Freshness.NotBefore });
        for (var again = 0; ; again++)
        {
            // The numbers are found anew in each statement: planned each time, that costs twenty times the work itself, in an answer too.
            var files = await tx.Read($"""
                {Transaction.KeepPlans}
                {(recalls is null ? "" : RecallRow.LockShared)}
                {prepare}
                select s.donor_id, s.blood_group, s.reactive_since from inventory.donor_safety s where s.donor_id in ({donors}) order by s.donor_id {@lock};
                select d.*, {Persons.Of("d.donor_id")} as person_id from inventory.donation d where d.din in ({set}) order by d.din {@lock};
                select r.id, r.corrects, r.din, r.test, r.round, r.outcome, r.value, r.performed_at, r.pool_id, {Pools.Reactive} as pool_reactive, t.controls_valid, coalesce(r.staff_id, t.staff_id) as staff_id, t.run_id, t.instrument, t.reagent_lot
                  from inventory.test_result r join inventory.test_run t on t.id = r.test_run where r.din in ({set}) order by r.id;
                select h.id, h.din, h.unit_id, h.kind, h.source_id, h.placed_at, array(select s.staff_id from inventory.hold_lift_signature s where s.hold_id = h.id) as lift_signers from inventory.hold h where h.lifted_at is null and h.din in ({set}) order by h.placed_at, h.id;
                {UnitRow.Select} where u.din in ({set}) order by u.id;
                select s.din, s.staff_id from inventory.release_signature s where s.din in ({set}) order by s.signed_at;
                select q.din, q.code, q.certainty from inventory.deferral_requirement q where q.din in ({set});
                select c.correction_id, c.din, c.number, c.kind, c.after::text as after from inventory.donation_correction c where c.din in ({set}) order by c.number;
                {(others ? LookbackRow.Of(donors) : "")}
                {(others || recalls is not null ? RecallRow.Open(donors, set) : "")}
                {StationSchemeRow.Select}
                select p.id as donor_id, {Persons.Of("p.id")} as person_id from ({donors}) p(id) where p.id is not null;
                {Freshness.StaleAmong("donor", $"select k.id::text from ({Persons.IdsOfAll($"select d.donor_id from inventory.donation d where d.din in ({wanted}) and d.donor_id is not null")}) k(id)")};
                """, args, async grid =>
            {
                if (recalls is not null) await grid.ReadAsync<int>();
                var safety = (await grid.ReadAsync<SafetyRow>()).ToDictionary(s => s.DonorId);
                var read = (await grid.ReadAsync<DonationRow>()).Select(row => new DonationFile(row)).ToDictionary(f => f.Din);
                foreach (var row in await grid.ReadAsync<ResultRow>()) read[row.Din].Results.Add(row);
                foreach (var row in await grid.ReadAsync<HoldRow>()) read[row.Din].Holds.Add(row);
                foreach (var row in await grid.ReadAsync<UnitRow>()) read[row.Din].Units.Add(row);
                foreach (var row in await grid.ReadAsync<SignatureRow>()) read[row.Din].Signers.Add(row.StaffId);
                foreach (var row in await grid.ReadAsync<RequirementRow>()) read[row.Din].DeferralsRequired.Add(row);
                foreach (var row in await grid.ReadAsync<CorrectionRow>()) read[row.Din].Corrections.Add(row);
                var lookbacks = others ? (await grid.ReadAsync<LookbackRow>()).ToList() : [];
                var recalled = others || recalls is not null ? (await grid.ReadAsync<RecallRow>()).ToList() : [];
                var schemes = (await grid.ReadAsync<StationSchemeRow>()).ToList();
                foreach (var file in read.Values) file.schemes = schemes;
                var persons = (await grid.ReadAsync<PersonRow>()).DistinctBy(p => p.DonorId).ToDictionary(p => p.DonorId, p => p.PersonId);
                var stale = (await grid.ReadAsync<string>()).Select(id => Guid.Parse(id) is var donorId ? persons.GetValueOrDefault(donorId, donorId) : default).ToHashSet();
                var registrations = safety.Values.ToLookup(s => persons.GetValueOrDefault(s.DonorId, s.DonorId));
                foreach (var file in read.Values.Where(f => f.Row.DonorId is not null))
                {
                    file.Safety = safety.GetValueOrDefault(file.Row.DonorId!.Value);
                    file.Registrations = [.. registrations[file.Row.PersonId!.Value]];
                }
                return new Files(read, safety, persons, stale, lookbacks, recalled);
            });
            // A donation arrived, or its donor was merged, between the two locks: not all that is his is locked yet. Read again, this time his row comes first.
            if (!forUpdate || again == 3 || (files.ByDin.Values.All(f => f.Row.DonorId is null || f.Safety is not null) && files.Persons.Keys.All(files.Safety.ContainsKey))) return files;
            prepare = "";
        }
    }

    /// <summary>The collection becomes known.</summary>
    public void Arrive(Transaction tx, DonationCollected e, Files files)
    {
        Safety = files.Safety[e.DonorId];
        Row.PersonId = files.Persons[e.DonorId];
        Registrations = [.. files.Safety.Values.Where(s => files.Persons.GetValueOrDefault(s.DonorId, s.DonorId) == Row.PersonId)];
        (Row.ArrivedAt, Row.DonorId, Row.DriveId, Row.Procedure, Row.NominalMl, Row.CollectedMl) = (tx.Now, e.DonorId, e.DriveId, e.Procedure, e.NominalMl, e.CollectedMl);
        (Row.TreatmentUnits, Row.Outcome, Row.Preservative, Row.Deviations, Row.Restrictions) = (e.TreatmentUnits, e.Outcome, e.Bag.Preservative, e.Deviations, e.Restrictions);
        Row.BagLot = e.Bag.Lot;
        Row.ExternalCheck ??= e.ExternalCheck; // what was said of it later came first
        if (Row.ChairGroupCorrected == 0) Row.ChairGroup = e.BloodGroup; // else what a second person found came first
        (Row.StartedAt, Row.EndedAt, Row.Backfilled, Row.Status) = (e.StartedAt, e.EndedAt, e.Backfilled, e.Backfilled ? "historic" : "quarantine");
        tx.Write("""
            update inventory.donation set arrived_at = @Now, collected_version = @Version, donor_id = @DonorId, drive_id = @DriveId, procedure = @Procedure, nominal_ml = @NominalMl,
                   collected_ml = @CollectedMl, treatment_units = @TreatmentUnits, outcome = @Outcome, preservative = @Preservative, bag_catalogue = @Catalogue, bag_lot = @Lot,
                   deviations = @Deviations, restrictions = @Restrictions, chair_group = @ChairGroup, started_at = @StartedAt, ended_at = @EndedAt
            where din = @Din and arrived_at is null
            """, new
        {
            tx.Now, e.Version, e.DonorId, e.DriveId, e.Procedure, e.NominalMl, e.CollectedMl, e.TreatmentUnits, e.Outcome, e.Bag.Preservative, e.Bag.Catalogue, e.Bag.Lot,
            e.Deviations, e.Restrictions, Row.ChairGroup, e.StartedAt, e.EndedAt, e.Din,
        });
        Apply(tx);
    }

    /// <summary>Keeps a correction, and lets the newest stand where the donation has arrived.</summary>
    public void Correct(Transaction tx, CorrectionRow correction, string reasonCode, CollectedState? after)
    {
        correction = correction with { After = after is null ? null : JsonSerializer.Serialize(after, Json.Options) };
        Corrections.Add(correction);
        tx.Write("insert into inventory.donation_correction (correction_id, din, number, kind, reason_code, after, recorded_at) values (@CorrectionId, @Din, @Number, @Kind, @reasonCode, @After::jsonb, @now)",
            new { correction.CorrectionId, correction.Din, correction.Number, correction.Kind, reasonCode, correction.After, now = tx.Now });
        if (Arrived) Apply(tx);
    }

    /// <summary>The newest word on the group that was found in the chair, whether the donation has arrived or not.</summary>
    public void CorrectChairGroup(Transaction tx, int number, string group)
    {
        (Row.ChairGroupCorrected, Row.ChairGroup) = (number, group);
        tx.Write("update inventory.donation set chair_group = @group, chair_group_corrected = @number where din = @Din", new { group, number, Din });
    }

    /// <summary>Whether a correction changes anything of what is in the bags or on their labels.</summary>
    public static bool BloodDiffers(CollectedState before, CollectedState after) =>
        !before.Deviations.SequenceEqual(after.Deviations) || !before.Restrictions.SequenceEqual(after.Restrictions)
        || before with { Deviations = after.Deviations, Restrictions = after.Restrictions } != after;

    /// <summary>The newest correction becomes the donation's state. A bag's life only gets shorter by it.</summary>
    private void Apply(Transaction tx)
    {
        if (Corrections.Where(c => c.After is not null).MaxBy(c => c.Number) is not { } newest || newest.Number <= Row.Corrected) return;
        var state = JsonSerializer.Deserialize<CollectedState>(newest.After!, Json.Options)!;
        (Row.Corrected, Row.NominalMl, Row.CollectedMl, Row.TreatmentUnits, Row.Outcome) = (newest.Number, state.NominalMl, state.CollectedMl, state.TreatmentUnits, state.Outcome);
        (Row.Preservative, Row.Deviations, Row.Restrictions, Row.StartedAt, Row.EndedAt) = (state.Bag.Preservative, state.Deviations, state.Restrictions, state.StartedAt, state.EndedAt);
        Row.BagLot = state.Bag.Lot;
        tx.Write("""
            update inventory.donation set corrected = @Corrected, nominal_ml = @NominalMl, collected_ml = @CollectedMl, treatment_units = @TreatmentUnits, outcome = @Outcome, preservative = @Preservative,
                   bag_catalogue = @Catalogue, bag_lot = @Lot, deviations = @Deviations, restrictions = @Restrictions, started_at = @StartedAt, ended_at = @EndedAt
            where din = @Din
            """, new { Row.Corrected, Row.NominalMl, Row.CollectedMl, Row.TreatmentUnits, Row.Outcome, Row.Preservative, state.Bag.Catalogue, state.Bag.Lot, Row.Deviations, Row.Restrictions, Row.StartedAt, Row.EndedAt, Din });
        var rules = Parameters.ComponentsOn(Shanghai.DateOf(state.StartedAt));
        foreach (var unit in Units.Where(u => u.Status is not ("transfused" or "discarded" or "consumed")))
        {
            var expiresAt = rules.Components.FirstOrDefault(c => c.Component == unit.Component) is { } rule ? ComponentMaking.ExpiryOf(rule, state.Bag.Preservative, state.StartedAt, unit.ProducedAt) : null;
            if (expiresAt is null || expiresAt >= unit.ExpiresAt) continue;
            unit.ExpiresAt = expiresAt.Value;
            tx.Write("update inventory.unit set expires_at = @ExpiresAt, version = version + 1 where id = @Id", new { unit.ExpiresAt, unit.Id });
            tx.Moved([unit.Id], "shortened", null, null);
        }
    }

    /// <summary>A hold on the donation and all its bags: stored, counted, moved in their history, announced.</summary>
    public void Hold(Transaction tx, string kind, Guid sourceId, Caller? by = null) => Hold(tx, [this], kind, sourceId, by);

    /// <summary>The same on several donations for one cause.</summary>
    public static void Hold(Transaction tx, IReadOnlyCollection<DonationFile> files, string kind, Guid sourceId, Caller? by = null)
    {
        if (files.Count == 0) return;
        var holds = files.Select(f => new HoldRow { Id = tx.NewId(), Din = f.Din, Kind = kind, SourceId = sourceId, PlacedAt = tx.Now }).ToArray();
        var (dins, units) = (holds.Select(h => h.Din).ToArray(), files.SelectMany(f => f.Units).ToList());
        tx.Write("insert into inventory.hold (id, din, kind, source_id, placed_at, placed_by) select h.id, h.din, @kind, @sourceId, @now, @by from unnest(@ids, @dins) h(id, din)",
            new { ids = holds.Select(h => h.Id).ToArray(), dins, kind, sourceId, now = tx.Now, by = by?.Staff?.Id }, rows: files.Count);
        tx.Write("update inventory.unit set open_holds = open_holds + 1, version = version + 1 where din = any(@dins)", new { dins }, rows: units.Count);
        if (units.Count > 0) tx.Moved([.. units.Select(u => u.Id)], "held", null, by, code: kind);
        foreach (var unit in units) unit.OpenHolds++;
        foreach (var (file, hold) in files.Zip(holds))
        {
            file.Holds.Add(hold);
            file.Row.OpenHolds++;
            file.Append(tx, version => new DonationHeld { Key = file.Din, Version = version, OccurredAt = tx.Now, StationId = file.Row.StationId, HoldId = hold.Id, Din = file.Din, DonorId = file.Row.DonorId, Kind = kind });
        }
    }

    /// <summary>Appends an event with the donation's next version: order and version of a DIN's events agree because its row is locked.</summary>
    public void Append(Transaction tx, Func<long, DomainEvent> @event) => tx.Append(@event(++Row.Version));

    /// <summary>Writes the row back.</summary>
    public void Save(Transaction tx) => Save(tx, [this]);

    /// <summary>Writes the rows back.</summary>
    public static void Save(Transaction tx, IEnumerable<DonationFile> changed)
    {
        DonationFile[] files = [.. changed];
        if (files.Length == 0) return;
        foreach (var file in files.Where(f => f.Row.Version == f.readVersion)) file.Row.Version++;
        T[] Each<T>(Func<DonationRow, T> of) => [.. files.Select(f => of(f.Row))];
        tx.Write("""
            update inventory.donation d set version = n.version, status = n.status, open_holds = n.open_holds, blood_group = n.blood_group, tested_qualified = n.tested_qualified,
                   components_at = n.components_at, released_at = n.released_at, backfilled = n.backfilled, external_check = n.external_check, voided_at = n.voided_at
            from unnest(@dins, @read, @versions, @statuses, @holds, @groups, @qualified, @components, @released, @backfilled, @checks, @voided)
              as n(din, read, version, status, open_holds, blood_group, tested_qualified, components_at, released_at, backfilled, external_check, voided_at)
            where d.din = n.din and d.version = n.read
            """, new
        {
            dins = Each(r => r.Din), read = files.Select(f => f.readVersion).ToArray(), versions = Each(r => r.Version), statuses = Each(r => r.Status), holds = Each(r => r.OpenHolds), groups = Each(r => r.BloodGroup), qualified = Each(r => r.TestedQualified),
            components = Each(r => r.ComponentsAt), released = Each(r => r.ReleasedAt), backfilled = Each(r => r.Backfilled), checks = Each(r => r.ExternalCheck), voided = Each(r => r.VoidedAt),
        }, rows: files.Length);
    }
}

/// <param name="Safety">The donors' rows, locked when the files are.</param>
/// <param name="Persons">Who stands for each of the donors' ids.</param>
/// <param name="StaleDonors">Persons of whom, under any of their ids, the last 60 s may be missing.</param>
/// <param name="Lookbacks">Their open look-backs, where their other donations were read too.</param>
/// <param name="Recalls">Open recalls that may reach one of the donations, where they were asked for.</param>
internal sealed record Files(Dictionary<string, DonationFile> ByDin, Dictionary<Guid, SafetyRow> Safety, Dictionary<Guid, Guid> Persons, HashSet<Guid> StaleDonors, List<LookbackRow> Lookbacks, List<RecallRow> Recalls)
{
    public Guid PersonOf(Guid donorId) => Persons.GetValueOrDefault(donorId, donorId);

    /// <summary>What a person gave and may still reach a patient is held for each open look-back of his: once, and apart from any other cause.</summary>
    public void HoldForLookbacks(Transaction tx, Guid person, Caller? by = null)
    {
        foreach (var lookback in Lookbacks.Where(l => l.ClosedAt is null && PersonOf(l.DonorId) == person))
        {
            DonationFile.Hold(tx, [.. ByDin.Values.Where(f => f.Arrived && f.Row.PersonId == person && f.InDate(tx.Now) && !lookback.Held.Contains(f.Din))], "lookback", lookback.Id, by);
            AskHospitals(tx, person, lookback.Id);
        }
    }

    /// <summary>The hospitals are asked for all that they were given of a person, transfused or not: a look-back is for those who got it.</summary>
    public void AskHospitals(Transaction tx, Guid person, Guid source)
    {
        var deadline = tx.Now.AddHours(Parameters.RecallOn(Shanghai.DateOf(tx.Now)).DeadlineHours);
        foreach (var file in ByDin.Values.Where(f => f.Arrived && f.Row.PersonId == person)) HospitalTaskRow.Open(tx, "lookback", source, deadline, file);
    }

    /// <summary>What an open recall of its station reaches is listed in it, held where it may still reach a patient, and asked for where a hospital has it: once each.</summary>
    public void HoldForRecalls(Transaction tx, Caller? by = null)
    {
        foreach (var recall in Recalls)
            recall.Reach(tx, [.. ByDin.Values.Where(f => f.Row.StationId == recall.StationId && !recall.Reached.Contains(f.Din) && recall.Covers(f, this)).OrderBy(f => f.Din, StringComparer.Ordinal)], by);
    }
}

internal sealed record PersonRow
{
    public Guid DonorId { get; init; }
    public Guid PersonId { get; init; }
}

internal sealed record DonationRow
{
    public string Din { get; init; } = "";
    public long Version { get; set; }
    public Guid StationId { get; init; }
    public string Status { get; set; } = "";
    public int OpenHolds { get; set; }
    public string? BloodGroup { get; set; }
    public bool? TestedQualified { get; set; }
    public DateTimeOffset? ComponentsAt { get; set; }
    public DateTimeOffset? ReleasedAt { get; set; }
    public DateTimeOffset? ArrivedAt { get; set; }
    public Guid? DonorId { get; set; }

    /// <summary>Who stands for the donor, where he was merged; else himself.</summary>
    public Guid? PersonId { get; set; }
    public Guid? DriveId { get; set; }
    public string? Procedure { get; set; }
    public int? NominalMl { get; set; }
    public int? CollectedMl { get; set; }
    public int? TreatmentUnits { get; set; }
    public string? Outcome { get; set; }
    public string? Preservative { get; set; }
    public string? BagLot { get; set; }
    public string[] Deviations { get; set; } = [];
    public string[] Restrictions { get; set; } = [];
    public string? ChairGroup { get; set; }
    public int ChairGroupCorrected { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public bool Backfilled { get; set; }
    public string? ExternalCheck { get; set; }
    public int Corrected { get; set; }
    public DateTimeOffset? VoidedAt { get; set; }
}

internal sealed record ResultRow
{
    /// <summary>0 until it is written.</summary>
    public long Id { get; init; }

    /// <summary>The row that this one corrects.</summary>
    public long? Corrects { get; init; }
    public string? PoolId { get; init; }
    public bool PoolReactive { get; set; }
    public string Din { get; init; } = "";
    public string Test { get; init; } = "";
    public string? Round { get; init; }
    public string Outcome { get; init; } = "";
    public string? Value { get; init; }
    public DateTimeOffset PerformedAt { get; init; }
    public bool ControlsValid { get; init; }
    public Guid StaffId { get; init; }
    public string RunId { get; init; } = "";
    public string Instrument { get; init; } = "";
    public string? ReagentLot { get; init; }
}

internal sealed record HoldRow
{
    public Guid Id { get; init; }
    public string Din { get; init; } = "";
    public Guid? UnitId { get; init; }
    public string Kind { get; init; } = "";
    public Guid SourceId { get; init; }
    public DateTimeOffset PlacedAt { get; init; }
    public Guid[] LiftSigners { get; init; } = [];

    public HoldView View => new(Id, Kind, PlacedAt);
}

internal sealed record SafetyRow
{
    public Guid DonorId { get; init; }
    public string? BloodGroup { get; set; }
    public DateTimeOffset? ReactiveSince { get; set; }
}

internal sealed record SignatureRow
{
    public string Din { get; init; } = "";
    public Guid StaffId { get; init; }
}

internal sealed record RequirementRow
{
    public string Din { get; init; } = "";
    public string Code { get; init; } = "";
    public string Certainty { get; init; } = "";
}

/// <summary>A correction as Donor said it; a voiding has no state after it.</summary>
internal sealed record CorrectionRow
{
    public Guid CorrectionId { get; init; }
    public string Din { get; init; } = "";
    public int Number { get; init; }
    public string Kind { get; init; } = "";
    public string? After { get; init; }
}
