using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>
/// One visit with its donor and its drive, read in one round trip, donor first and then visit locked: the file that each step of
/// the day opens, and what every step does alike (who may, is it the next, when was it, how it ends).
/// </summary>
public sealed class VisitFile
{
    private const string ByVisit = "select donor_id from donor.visit where id = @id";

    internal const string Select = """
        select v.id, v.version, v.donor_id, v.station_id, v.drive_id, v.appointment_id, v.collection_point, v.status, v.opened_at, v.backfilled, v.last_at, v.identity_kind, v.identity_method, v.identity_outcome,
               v.rule_set, v.rule_set_version, v.reasons, v.blood_group, v.measured, v.procedure, v.nominal_ml, v.treatment_units, v.din, v.bag::text as bag, v.arm, v.started_at, v.ended_at,
               v.collected_ml, v.outcome, v.deviations, v.restrictions, v.private_withdrawal, v.signed::text as signed, v.external_check, v.rest_seconds, v.scanned, d.organiser_id, coalesce(d.district, o.district) as district, d.procedures as drive_procedures
        from donor.visit v left join donor.drive d on d.drive_id = v.drive_id left join donor.organisation o on o.organisation_id = v.station_id
        where v.id = @id
        """;

    private readonly List<StepView> steps;
    private readonly List<Reason> reasons;
    private readonly List<CorrectionRow> corrections;
    private readonly long readVersion;

    private VisitFile(VisitRow row, DonorFile donor, List<StepView> steps, List<CorrectionRow> corrections, VoidRow? @void)
    {
        (Row, Donor, this.steps, this.corrections, Void) = (row, donor, steps, corrections, @void);
        readVersion = row.Version;
        reasons = row.Reasons is null ? [] : JsonSerializer.Deserialize<List<Reason>>(donor.Key.Open("visit_reasons", row.Reasons), Json.Options)!;
        Rules = donor.Book.Version(row.RuleSet, row.RuleSetVersion);
    }

    public VisitRow Row { get; set; }

    public DonorFile Donor { get; }

    /// <summary>The rules of the visit's day.</summary>
    public RuleSet Rules { get; }

    /// <summary>The visit's Shanghai date: what is judged, is judged as of it.</summary>
    public DateOnly Day => Shanghai.DateOf(Row.OpenedAt);

    /// <summary>A visit that was just opened.</summary>
    internal static VisitFile Opened(VisitRow row, DonorFile donor) => new(row, donor, [], [], null);

    /// <summary>What a second person found to be otherwise, in order.</summary>
    public IReadOnlyList<CorrectionRow> Corrections => corrections;

    /// <summary>That it was another donor's visit, and who signed that; null where nobody says so.</summary>
    public VoidRow? Void { get; set; }

    /// <summary>That the needle drew nothing, said afterwards; null where nobody says so.</summary>
    public EmptyRow? Empty { get; set; }

    /// <summary>A needle was in and nobody knows what it drew: it counts for the intervals, on the day it began.</summary>
    public PastDonation? Attempt => Row is { Status: VisitSteps.Abandoned, StartedAt: { } needle, CollectedMl: null } && Empty is null ? new(Shanghai.DateOf(needle), Row.Procedure!, Attempt: true) : null;

    /// <summary>Whether a correction says that the donation, or the whole visit, is none of this donor's.</summary>
    public bool Voided => Void is not null || corrections is [.., { Kind: "voided" }];

    /// <summary>The collection as it stands: as recorded, or as the newest correction says. Only where blood was taken.</summary>
    public CollectionRecord Collected => CollectedBefore(corrections.Count);

    /// <summary>The collection as it stood before the correction of that index.</summary>
    public CollectionRecord CollectedBefore(int index) => CollectedBefore(Row, corrections, index);

    /// <summary>The same of a visit whose donor's file can't be opened any more.</summary>
    internal static CollectionRecord CollectedBefore(VisitRow row, List<CorrectionRow> corrections, int index) => index > 0 ? corrections[index - 1].After(row.Procedure!)
        : new(row.Procedure!, row.NominalMl, row.CollectedMl, row.TreatmentUnits, row.Outcome!, JsonSerializer.Deserialize<CollectionBag>(row.Bag!, Json.Options)!, row.Arm!, row.StartedAt!.Value, row.EndedAt!.Value, row.Deviations, row.Restrictions);

    /// <summary>Who did the steps named; without names, any step.</summary>
    public IEnumerable<Guid> StaffOf(params string[] names) => steps.Where(s => names.Length == 0 || names.Contains(s.Step)).Select(s => s.StaffId);

    public void Add(CorrectionRow correction) => corrections.Add(correction);

    /// <summary>The visit, locked with its donor; null when there is none. More can be read with it, in the same round trip.</summary>
    public static Task<(VisitFile? Visit, T? More)> Lock<T>(Transaction tx, Vault vault, RuleBooks books, Guid id, string more, object args) =>
        Lock(tx, vault, books, id, more, args, grid => grid.ReadSingleOrDefaultAsync<T>());

    /// <summary>The same, where more is several statements.</summary>
    public static Task<(VisitFile? Visit, T? More)> Lock<T>(Transaction tx, Vault vault, RuleBooks books, Guid id, string more, object args, Func<SqlMapper.GridReader, Task<T?>> reader) =>
        Read(tx, vault, books, DonorFile.LockedBy(ByVisit) + Select + " for update of v;" + Steps + more, args, reader);

    public static async Task<VisitFile?> Lock(Transaction tx, Vault vault, RuleBooks books, Guid id) => (await Lock<object>(tx, vault, books, id, "", new { id }, _ => Task.FromResult<object?>(null))).Visit;

    /// <summary>The visit as it stands, for answers that change nothing.</summary>
    public static async Task<VisitFile?> Read(Transaction tx, Vault vault, RuleBooks books, Guid id) =>
        (await Read<object>(tx, vault, books, id, "", _ => Task.FromResult<object?>(null))).Visit;

    /// <summary>The same with more, in the same round trip.</summary>
    public static Task<(VisitFile? Visit, T? More)> Read<T>(Transaction tx, Vault vault, RuleBooks books, Guid id, string more, Func<SqlMapper.GridReader, Task<T?>> reader) =>
        Read(tx, vault, books, DonorFile.Unlocked.Replace("@donorId", $"({ByVisit})", StringComparison.Ordinal) + Select + ";" + Steps + more, new { id }, reader);

    internal const string Steps = """
        select s.step, s.at, s.staff_id from (select step, at, staff_id, recorded_at from donor.visit_step where visit_id = @id
            union all select step || '/correction', recorded_at, recorded_by, recorded_at from donor.finding_correction where visit_id = @id) s order by s.recorded_at;
        select c.id, c.number, c.kind, c.reason_code, c.nominal_ml, c.collected_ml, c.treatment_units, c.outcome, c.bag::text as bag, c.arm, c.started_at, c.ended_at, c.deviations, c.restrictions, c.recorded_at, c.recorded_by
        from donor.donation_correction c join donor.donation d on d.din = c.din where d.visit_id = @id order by c.number;
        select w.id, t.true_donor_id, w.recorded_at, w.recorded_by, s.staff_id as signed_by, s.signed_at from donor.visit_void w left join donor.visit_void_named t on t.void_id = w.id left join donor.visit_void_signature s on s.void_id = w.id where w.visit_id = @id;
        select id, reason_code, recorded_at, recorded_by from donor.attempt_correction where visit_id = @id;
        """;

    private static Task<(VisitFile? Visit, T? More)> Read<T>(Transaction tx, Vault vault, RuleBooks books, string sql, object args, Func<SqlMapper.GridReader, Task<T?>> reader) => tx.Read<(VisitFile? Visit, T? More)>(sql, args, async grid =>
    {
        var donor = await DonorFile.Read(grid, vault, books);
        var row = await grid.ReadSingleOrDefaultAsync<VisitRow>();
        var steps = (await grid.ReadAsync<StepView>()).AsList();
        var corrections = (await grid.ReadAsync<CorrectionRow>()).AsList();
        var @void = await grid.ReadSingleOrDefaultAsync<VoidRow>();
        var empty = await grid.ReadSingleOrDefaultAsync<EmptyRow>();
        var extra = await reader(grid);
        return (donor is null || row is null ? null : new VisitFile(row, donor, steps, corrections, @void) { Empty = empty }, extra);
    });

    /// <summary>
    /// Whether the caller may do the step now: the station's own visit, a person with the function (for what is recorded
    /// afterwards: `quality`), the next step, a possible time.
    /// </summary>
    public ProblemHttpResult? Enter(string step, Caller caller, DateTimeOffset? at, DateTimeOffset now, params string[] functions)
    {
        if (Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
        if (MayAct(caller, Row.Backfilled, functions) is { } person) return person;
        var (to, order) = VisitSteps.Enter(Row.Status, step);
        if (order is not null) return order.ToProblem();
        if (!Row.Backfilled && VisitSteps.TooOld(Row.Status, step, Row.OpenedAt, now) is { } tooOld) return tooOld.ToProblem();
        var pointer = step switch { "collection/start" => "/startedAt", "collection/finish" => "/endedAt", _ => "/at" };
        var (time, no) = VisitSteps.At(Row.Backfilled, at, Row.LastAt, now, pointer);
        if (no is not null) return no.ToProblem();
        Row = Row with { Status = to!, LastAt = time > Row.LastAt ? time : Row.LastAt };
        (Step, StepAt) = (step, time);
        return null;
    }

    /// <summary>The step that was entered, and when it was done.</summary>
    public string Step { get; private set; } = "";

    public DateTimeOffset StepAt { get; private set; }

    public static ProblemHttpResult? MayAct(Caller caller, bool backfilled, string[] functions) =>
        backfilled ? caller.Staff!.Has("quality") ? null : CommonProblems.StaffFunctionRequired.With("What is recorded afterwards is signed by quality")
        : functions.Any(caller.Staff!.Has) ? null : CommonProblems.StaffFunctionRequired.With($"One of: {string.Join(", ", functions)}");

    /// <summary>The step is done as it should be.</summary>
    public Made<VisitView> Pass(Transaction tx, Caller caller, object record)
    {
        Record(tx, caller, record);
        Save(tx);
        return Answers.Ok(Row.Version, View());
    }

    /// <summary>
    /// The step is done, whatever was found: what ends the visit ends it; what closes some procedures is said and recorded, and the visit goes on with
    /// those that are left.
    /// </summary>
    public Made<VisitView> Settle(Transaction tx, Caller caller, object record, Findings findings)
    {
        if (!findings.Pass) return Defer(tx, caller, record, findings);
        foreach (var deferral in findings.Deferrals) Donor.Defer(tx, deferral, "final", "visit", Rules, caller.Staff!.Id, visitId: Row.Id);
        if (findings.Deferrals.Count > 0) Donor.AnnounceWindows(tx);
        if (findings.Closed is { } closed) Say(closed);
        return Pass(tx, caller, record);
    }

    /// <summary>What the drive offers; all where it does not say, or there is none.</summary>
    public string[] Offered => Row.DriveProcedures is { Length: > 0 } offered ? offered : Procedures.All;

    /// <summary>Why the procedure is closed at this visit by what was measured. Of dates and deferrals the donor's file knows.</summary>
    public Reason[] Closing(string procedure) => [.. reasons.Where(r => r.Code != Checks.NotJudged && Rules.Find(r.Rule) is { } rule && Checks.Closes(Rules, rule, procedure))];

    /// <summary>What is offered, open to the donor on the day and not closed by what was measured.</summary>
    public string[] Open => [.. Offered.Where(procedure => Closing(procedure).Length == 0 && Donor.Obstacles(procedure, Rules).On(Day).Length == 0)];

    /// <summary>Reasons that end nothing, shown with the visit.</summary>
    public void Say(IEnumerable<Reason> more)
    {
        reasons.AddRange(more);
        Row = Row with { Reasons = Donor.Key.Seal("visit_reasons", JsonSerializer.Serialize(reasons, Json.Options)) };
    }

    /// <summary>What a step said that a correction takes back.</summary>
    public void Unsay(Findings taken)
    {
        foreach (var reason in taken.Closed ?? []) reasons.Remove(reason);
        Say([]);
    }

    /// <summary>The step found why this donor does not give today: the visit ends, and what the rule set wants recorded is.</summary>
    public Made<VisitView> Defer(Transaction tx, Caller caller, object record, Findings findings)
    {
        Record(tx, caller, record);
        End(tx, findings, caller.Staff?.Id);
        Save(tx);
        return Answers.Ok(Row.Version, View());
    }

    /// <summary>Turned away at the table, before any step; the caller writes the row.</summary>
    internal void Refuse(Transaction tx, Findings findings, DateTimeOffset at, Guid by)
    {
        StepAt = at;
        End(tx, findings, by);
    }

    private void End(Transaction tx, Findings findings, Guid? by)
    {
        Say(findings.Reasons);
        Row = Row with { Status = VisitSteps.Deferred };
        Announce(tx, new VisitDeferred { Key = Donor.Id.ToString(), Version = Donor.NextVersion(), OccurredAt = StepAt, VisitId = Row.Id, DonorId = Donor.Id, DriveId = Row.DriveId, AppointmentId = Row.AppointmentId, Backfilled = Row.Backfilled });
        foreach (var deferral in findings.Deferrals) Donor.Defer(tx, deferral, "final", "visit", Rules, by, visitId: Row.Id);
        if (findings.Deferrals.Count > 0) Donor.AnnounceWindows(tx);
    }

    /// <summary>Judges by the visit's rules, and keeps what was judged and what came of it, sealed: it can be judged again.</summary>
    public Findings Judge(Transaction tx, DecisionInput input)
    {
        var findings = Decision.Judge(Donor.Book, Rules, input);
        Keep(tx, Step, input, findings);
        return findings;
    }

    /// <summary>Keeps a judgement. The visit's row must have been written.</summary>
    /// <returns>Its id.</returns>
    internal Guid Keep(Transaction tx, string step, DecisionInput input, Findings findings)
    {
        var id = tx.NewId();
        tx.Write("""
            insert into donor.decision (id, donor_id, visit_id, step, judged_on, rule_set, rule_set_version, input, outcome, recorded_at) values (@id, @DonorId, @VisitId, @step, @On, @RuleSet, @RuleSetVersion, @input, @outcome, @now)
            """, new
        {
            id, Row.DonorId, VisitId = Row.Id, step, input.On, Row.RuleSet, Row.RuleSetVersion, now = tx.Now,
            input = Donor.Key.Seal("decision_input", Decision.Text(input)), outcome = Donor.Key.Seal("decision_outcome", Decision.Text(findings)),
        });
        return id;
    }

    /// <summary>
    /// The visit ends before the needle because the donor goes. Whether he said so or asked for it in the booth: the same row, the same event, no
    /// step and no person.
    /// </summary>
    public void Leave(Transaction tx)
    {
        Row = Row with { Status = VisitSteps.Abandoned };
        Announce(tx, new VisitAbandoned { Key = Donor.Id.ToString(), Version = Donor.NextVersion(), OccurredAt = Row.Backfilled ? Row.LastAt : tx.Now, VisitId = Row.Id, DonorId = Donor.Id, DriveId = Row.DriveId, AppointmentId = Row.AppointmentId, Backfilled = Row.Backfilled });
    }

    /// <summary>Notes which version of a form the donor signed, when and how: with this step where nothing else is said.</summary>
    /// <returns>422 time_out_of_order when it was signed after this step, or more than a day before he came: health changes.</returns>
    public ProblemHttpResult? Sign(string form, Questionnaire text, SignatureRequest? signature)
    {
        var at = signature?.SignedAt ?? StepAt;
        if (at > StepAt + VisitSteps.Tolerance || at < Row.OpenedAt - TimeSpan.FromDays(1)) return Problems.TimeOutOfOrder.With(null, new FieldError("/signature/signedAt", "time_out_of_order", "Signed within a day before he came, and before this step"));
        Row = Row with { Signed = JsonSerializer.Serialize(new Dictionary<string, SignedFormView>(Forms) { [form] = new(text.Code, text.Version, at, signature?.Method ?? "paper") }, Json.Options) };
        return null;
    }

    private Dictionary<string, SignedFormView> Forms => JsonSerializer.Deserialize<Dictionary<string, SignedFormView>>(Row.Signed, Json.Options)!;

    /// <summary>An event about this visit: its station answers for it.</summary>
    public void Announce(Transaction tx, DomainEvent e) => tx.Append(e with { StationId = Row.StationId });

    /// <summary>Keeps what was measured or answered, sealed under the donor's key.</summary>
    public void Record(Transaction tx, Caller caller, object record)
    {
        tx.Write("insert into donor.visit_step (visit_id, step, at, staff_id, record, recorded_at) values (@Id, @Step, @StepAt, @staff, @record, @now)",
            new { Row.Id, Step, StepAt, staff = caller.Staff!.Id, record = Donor.Key.Seal("visit_step", JsonSerializer.Serialize(record, Json.Options)), now = tx.Now });
        steps.Add(new(Step, StepAt, caller.Staff.Id));
    }

    /// <summary>Writes the visit, and the donor's versions where events took some.</summary>
    public void Save(Transaction tx)
    {
        Row = Row with { Version = readVersion + 1 };
        tx.Write("""
            update donor.visit set version = @Version, status = @Status, last_at = @LastAt, reasons = @Reasons, blood_group = @BloodGroup, measured = @Measured, procedure = @Procedure, nominal_ml = @NominalMl,
                treatment_units = @TreatmentUnits, din = @Din, bag = @Bag::jsonb, arm = @Arm, started_at = @StartedAt, ended_at = @EndedAt, collected_ml = @CollectedMl, outcome = @Outcome, deviations = @Deviations,
                restrictions = @Restrictions, private_withdrawal = @PrivateWithdrawal, signed = @Signed::jsonb, external_check = @ExternalCheck, rest_seconds = @RestSeconds, scanned = @Scanned
            where id = @Id and version = @Version - 1
            """, Row);
        Donor.Save(tx);
    }

    public VisitView View()
    {
        var now = corrections is [.., var last] ? Row with
        {
            NominalMl = last.NominalMl, CollectedMl = last.CollectedMl, TreatmentUnits = last.TreatmentUnits, Outcome = last.Outcome, Bag = last.Bag, Arm = last.Arm, StartedAt = last.StartedAt, EndedAt = last.EndedAt,
            Deviations = last.Deviations, Restrictions = last.Restrictions,
        } : Empty is null ? Row : Row with { CollectedMl = 0 };
        return new(
            Row.Id, Donor.PersonId, Row.StationId, Row.DriveId, Row.AppointmentId, Row.CollectionPoint, Row.Status, Row.OpenedAt, Row.Backfilled, new(Row.IdentityKind, Row.IdentityMethod, Row.IdentityOutcome), new(Row.RuleSet, Row.RuleSetVersion),
            Row.ExternalCheck, Forms, steps, [.. reasons.Select(r => ReasonView.Of(Rules, r.Code, r.Rule, r.Until))], Row.BloodGroup, Row.Din, Row.Procedure, now.NominalMl, now.CollectedMl, now.TreatmentUnits,
            now.Bag is null ? null : JsonSerializer.Deserialize<CollectionBag>(now.Bag, Json.Options), now.Arm, now.StartedAt, now.EndedAt,
            now is { StartedAt: { } start, EndedAt: { } end } ? (int)(end - start).TotalSeconds : null, now.Outcome, now.Deviations, now.Restrictions, Row.RestSeconds, (int?)Rules.OfKind("rest-time").FirstOrDefault()?.AtLeast,
            Math.Max(corrections.Count, (Empty is null ? 0 : 1) + (Void is null ? 0 : 1)), Voided, [.. VisitSteps.Allowed(Row.Status).Where(action => action switch { "corrections" => !Voided, "finding-corrections" => !Voided && steps.Exists(s => Correction.Findings.Contains(s.Step)), _ => true })], VisitSteps.BeforeNeedle(Row.Status) ? Open : [], Row.Scanned);
    }
}

/// <summary>The visit's row with what its drive says.</summary>
public sealed record VisitRow(
    Guid Id, long Version, Guid DonorId, Guid StationId, Guid? DriveId, Guid? AppointmentId, string CollectionPoint, string Status, DateTimeOffset OpenedAt, bool Backfilled, DateTimeOffset LastAt,
    string IdentityKind, string IdentityMethod, string IdentityOutcome, string RuleSet, string RuleSetVersion, byte[]? Reasons, string? BloodGroup, string[] Measured, string? Procedure, int? NominalMl, int? TreatmentUnits,
    string? Din, string? Bag, string? Arm, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, int? CollectedMl, string? Outcome, string[] Deviations, string[] Restrictions, bool PrivateWithdrawal,
    string Signed = "{}", string? ExternalCheck = null, int? RestSeconds = null, string[]? Scanned = null, Guid? OrganiserId = null, string? District = null, string[]? DriveProcedures = null);

/// <summary>A correction with the whole state after it.</summary>
public sealed record CorrectionRow(
    Guid Id, int Number, string Kind, string ReasonCode, int? NominalMl, int? CollectedMl, int? TreatmentUnits, string Outcome, string Bag, string Arm, DateTimeOffset StartedAt, DateTimeOffset EndedAt,
    string[] Deviations, string[] Restrictions, DateTimeOffset RecordedAt, Guid RecordedBy)
{
    public CollectionRecord After(string procedure) => new(procedure, NominalMl, CollectedMl, TreatmentUnits, Outcome, JsonSerializer.Deserialize<CollectionBag>(Bag, Json.Options)!, Arm, StartedAt, EndedAt, Deviations, Restrictions);
}

/// <summary>A second person's word that a needle drew nothing.</summary>
public sealed record EmptyRow(Guid Id, string ReasonCode, DateTimeOffset RecordedAt, Guid RecordedBy);

/// <summary>It was another donor's visit.</summary>
/// <param name="Id">The correction's, where a donation was voided by it.</param>
/// <param name="TrueDonorId">Whose it was, where that is known.</param>
/// <param name="SignedBy">The second person, with whose signature what came of it ends for who it was recorded under.</param>
public sealed record VoidRow(Guid Id, Guid? TrueDonorId, DateTimeOffset RecordedAt, Guid RecordedBy, Guid? SignedBy, DateTimeOffset? SignedAt);

/// <summary>How the donor signed a form.</summary>
/// <param name="Method">`paper`, `screen` or `fingerprint`.</param>
/// <param name="SignedAt">When; with the step where it is not said.</param>
/// <param name="Reference">Where the signed sheet or image lies; kept sealed.</param>
public sealed record SignatureRequest(
    [property: AllowedValues("paper", "screen", "fingerprint")] string Method, DateTimeOffset? SignedAt = null, [property: StringLength(80, MinimumLength = 1)] string? Reference = null);
