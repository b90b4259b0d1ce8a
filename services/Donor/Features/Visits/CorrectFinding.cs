using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>One of the three, whole, as it should have been recorded; without its `at`: when it was done stays.</summary>
/// <param name="ReasonCode">`entered-wrong`, `measured-wrong` (the instrument, or how it was used) or `told-wrong` (the donor says it was otherwise).</param>
public sealed record CorrectFindingRequest(
    [property: AllowedValues("entered-wrong", "measured-wrong", "told-wrong")] string ReasonCode,
    VitalsRequest? Vitals = null,
    ConsultationRequest? Consultation = null,
    PretestRequest? Pretest = null,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <summary>A finding as it was corrected: what the rules of the visit's day make of it. The values themselves are in the donor's export.</summary>
/// <param name="Number">Of the visit's corrected findings, from 1.</param>
/// <param name="Step">`vitals`, `consultation` or `pretest`.</param>
/// <param name="Passed">With it, the visit would have gone on.</param>
/// <param name="Reasons">Why not, or why some procedures were closed.</param>
/// <param name="BloodGroupBefore">Where the pretest's group is another now; with <paramref name="BloodGroupAfter"/>.</param>
/// <param name="DonationWithdrawn">Blood was taken that should not have been: it is held.</param>
/// <param name="Deferrals">What only the finding of before had brought. Each holds until a physician signs.</param>
public sealed record FindingCorrectionView(
    Guid Id, Guid VisitId, int Number, string Step, string ReasonCode, bool Passed, IReadOnlyList<ReasonView> Reasons, string? BloodGroupBefore, string? BloodGroupAfter, bool DonationWithdrawn, DateTimeOffset RecordedAt, Guid RecordedBy,
    IReadOnlyList<ArisenDeferralView> Deferrals, Guid? SignedBy, DateTimeOffset? SignedAt, string[] AllowedActions);

/// <summary>
/// POST /v1/visits/{id}/finding-corrections: a second person finds that vitals, answers or pretest were recorded wrong. A new fact: the step stays as it was. It
/// is judged by the rules of the visit's day like a fresh one. What makes it stricter holds at once: the visit ends, the donor is deferred, his blood is held.
/// What makes it looser takes a physician's signature too (docs/decisions/0012).
/// </summary>
public static class CorrectFinding
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/visits/{id:guid}/finding-corrections", Handle).Allow("visits", Roles.Station).ByStaff("quality", "physician").Creates().WithSummary("A second person corrects vitals, answers or pretest");
        app.MapPost("/v1/visits/{id:guid}/finding-corrections/{correctionId:guid}/sign", Sign).Allow("visits", Roles.Station).ByStaff("physician").WithSummary("A physician ends the deferrals that only the finding of before had brought");
        app.MapGet("/v1/visits/{id:guid}/finding-corrections", List).Allow("visits", Roles.Station).WithSummary("A visit's corrected findings, in order");
        app.MapGet("/v1/visits/{id:guid}/finding-corrections/{correctionId:guid}", One).Allow("visits", Roles.Station).WithSummary("A corrected finding");
    }

    private static async Task<Results<Made<FindingCorrectionView>, ProblemHttpResult>> Handle(Guid id, CorrectFindingRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<FindingCorrectionView>, ProblemHttpResult>>(async tx =>
        {
            if (new object?[] { request.Vitals, request.Consultation, request.Pretest }.Count(r => r is not null) != 1) return CommonProblems.Invalid.With("Send vitals, consultation or pretest, one of them", new FieldError("", "invalid", "vitals, consultation or pretest"));
            var (step, record) = request.Vitals is { } v ? ("vitals", (object)v) : request.Pretest is { } p ? ("pretest", p) : ("consultation", request.Consultation!);
            var (found, findings) = await VisitFile.Lock(tx, vault, books, id, FindingsFile.Select, new { id }, FindingsFile.Read);
            if (found is not { } visit) return findings!.Exists ? Problems.IdentityDestroyed.With() : CommonProblems.Unknown(id);
            var (row, donor) = (visit.Row, visit.Donor);
            if (row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (visit.Voided) return Problems.DonationVoided.With();
            if (row.Status == VisitSteps.Collecting) return Problems.StepOutOfOrder.With("The needle is in: its end comes first");
            if (findings!.Steps.Find(s => s.Step == step) is not { } recorded) return Problems.StepOutOfOrder.With($"No {step} was recorded");
            var before = findings.Corrections.FindLast(c => c.Step == step);
            if (Correction.By(caller.Staff!.Id, visit.StaffOf(step), before?.RecordedBy) is { } same) return same.ToProblem();
            var stood = donor.Key.Open("visit_step", before?.Record ?? recorded.Record);
            if (Wrong(request, stood, visit, tx.Now) is { } wrong) return wrong;
            if (Text(record) == stood) return Problems.NothingCorrected.With();

            var was = findings.Judged(donor.Key).Last(j => j.Step == step).Found;
            var beforeNeedle = VisitSteps.BeforeNeedle(row.Status);
            if (beforeNeedle) visit.Unsay(was);
            string[] open = row.Procedure is { } drawn ? [drawn] : beforeNeedle ? visit.Open : visit.Offered;
            var input = request.Consultation is { } asked
                ? new DecisionInput(visit.Day, Questionnaire: new(asked.Questionnaire.Code, asked.Questionnaire.Version), Answers: asked.Answers, FitToDonate: asked.FitToDonate, Procedures: open)
                : new DecisionInput(visit.Day, Sex: donor.Facts.Sex, Values: request.Vitals?.Values ?? request.Pretest!.Values, Procedures: open);
            var now = Decision.Judge(donor.Book, visit.Rules, input);
            var active = findings.Deferrals.Where(d => d.LiftedAt is null).Select(d => donor.KeyOf(d.DonorId).Open("deferral_code", d.Code)).ToHashSet();
            var fresh = now with { Deferrals = [.. now.Deferrals.Where(d => !active.Contains(d.Code))] };
            var group = request.Pretest is { } tested && tested.BloodGroup != row.BloodGroup ? tested.BloodGroup : null;
            if (request.Consultation is null) visit.Row = visit.Row with { BloodGroup = group ?? row.BloodGroup, Measured = [.. row.Measured.Except(ValuesOf(step, stood).Keys), .. input.Values!.Keys] };

            var number = findings.Corrections.Count + 1;
            var given = VisitSteps.Given(row.Status);
            if (beforeNeedle && !now.Pass)
                visit.Refuse(tx, fresh, tx.Now, caller.Staff.Id);
            else
            {
                foreach (var deferral in fresh.Deferrals) donor.Defer(tx, deferral, "final", "visit", visit.Rules, caller.Staff.Id, visitId: id);
                if (fresh.Deferrals.Count > 0) donor.AnnounceWindows(tx);
                if (beforeNeedle && now.Closed is { } closed) visit.Say(closed);
            }
            var withdraws = given && !now.Pass && !row.Backfilled;
            if (withdraws) donor.Withdraw(tx, row.Din!, row.StationId);
            var correctionId = tx.NewId();
            if (given && group is not null)
                visit.Announce(tx, new BloodGroupCorrected
                {
                    Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = tx.Now, CorrectionId = correctionId, Din = row.Din!, Number = number, DonorId = donor.Id, Before = row.BloodGroup, After = group, Backfilled = row.Backfilled,
                });
            // An answer may forbid a component (aspirin: platelets): the collection says so too. One that allowed it again would be looser, and does not.
            if (given && Eligibility.Restrictions(donor.Facts, visit.Rules, Shanghai.DateOf(visit.Collected.StartedAt)).Except(visit.Collected.Restrictions).ToArray() is { Length: > 0 } restrictions)
                CorrectVisit.Restrict(tx, visit, restrictions, caller.Staff.Id);

            var correction = new FindingCorrectionRow(correctionId, number, step, request.ReasonCode, donor.Key.Seal("visit_step", Text(record)), group is null ? null : row.BloodGroup, group,
                visit.Keep(tx, step + FindingsFile.Corrected, input, now), withdraws, tx.Now, caller.Staff.Id, null, null);
            tx.Write("""
                insert into donor.finding_correction (id, visit_id, number, step, reason_code, note, record, group_before, group_after, decision_id, withdrew, recorded_at, recorded_by)
                values (@Id, @visitId, @Number, @Step, @ReasonCode, @note, @Record, @GroupBefore, @GroupAfter, @DecisionId, @Withdrew, @RecordedAt, @RecordedBy)
                """, new
            {
                correction.Id, visitId = id, correction.Number, correction.Step, correction.ReasonCode, note = request.Note is { } note ? donor.Key.Seal("correction_note", note) : null, correction.Record, correction.GroupBefore, correction.GroupAfter,
                correction.DecisionId, correction.Withdrew, correction.RecordedAt, correction.RecordedBy,
            });
            visit.Save(tx);
            tx.Audit("visit.correct", $"visits/{id}", new { kind = "finding", step, number, request.ReasonCode });
            findings.Add(correction, now);
            return Answers.Created($"/v1/visits/{id}/finding-corrections/{correction.Id}", 1, findings.View(visit, correction));
        }, ct);

    /// <summary>What is wrong with the fields themselves, and what cannot be otherwise by a correction.</summary>
    private static ProblemHttpResult? Wrong(CorrectFindingRequest request, string stood, VisitFile visit, DateTimeOffset now)
    {
        if ((request.Vitals?.At ?? request.Pretest?.At ?? request.Consultation?.At) is not null) return CommonProblems.Invalid.With(null, new FieldError(request.Vitals is not null ? "/vitals/at" : request.Pretest is not null ? "/pretest/at" : "/consultation/at", "invalid", "When it was done stays"));
        if ((request.Vitals?.Wrong ?? request.Pretest?.Wrong) is { } field) return CommonProblems.Invalid.With(null, field with { Pointer = (request.Vitals is not null ? "/vitals" : "/pretest") + field.Pointer });
        if (request.Consultation is not { } asked) return null;
        var questionnaire = JsonSerializer.Deserialize<ConsultationRequest>(stood, Json.Options)!.Questionnaire;
        if (asked.Questionnaire != questionnaire) return Problems.QuestionnaireUnknown.With(null, new FieldError("/consultation/questionnaire", "questionnaire_unknown", $"He was asked {questionnaire.Code} {questionnaire.Version}"));
        if (asked.Signature?.SignedAt > now + VisitSteps.Tolerance) return Problems.TimeOutOfOrder.With(null, new FieldError("/consultation/signature/signedAt", "time_out_of_order", "Lies in the future"));
        if (visit.Donor.Book.Questionnaire(questionnaire.Code, questionnaire.Version)!.Judge(asked.Answers, asked.FitToDonate, visit.Rules, visit.Day).Rejection is { } rejection)
            return (rejection with { Errors = [.. rejection.Errors.Select(e => e with { Pointer = "/consultation" + e.Pointer })] }).ToProblem();
        return null;
    }

    /// <summary>
    /// By another physician than who measured, and than who corrected: the deferrals that came of the finding of before, and that nothing that stands says, end as entered in error.
    /// </summary>
    private static async Task<Results<Made<FindingCorrectionView>, ProblemHttpResult>> Sign(Guid id, Guid correctionId, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<FindingCorrectionView>, ProblemHttpResult>>(async tx =>
        {
            var (found, findings) = await VisitFile.Lock(tx, vault, books, id, FindingsFile.Select, new { id }, FindingsFile.Read);
            if (found is not { } visit) return findings!.Exists ? Problems.IdentityDestroyed.With() : CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant || findings!.Corrections.Find(c => c.Id == correctionId) is not { } correction) return CommonProblems.NotFound.With();
            var (donor, staff, today) = (visit.Donor, caller.Staff!.Id, Shanghai.DateOf(tx.Now));
            if (Correction.By(staff, visit.StaffOf(correction.Step), correction.RecordedBy) is { } same) return same.ToProblem();
            var ending = findings.Superseded(visit, correction).FindAll(d => d.LiftedAt is null);
            if (ending.Count == 0) return Problems.DeferralNotActive.With();
            if (correction.SignedBy is null) tx.Write("insert into donor.finding_correction_signature (correction_id, staff_id, signed_at) values (@correctionId, @staff, @now)", new { correctionId, staff, now = tx.Now });
            foreach (var deferral in ending)
            {
                var key = donor.KeyOf(deferral.DonorId);
                tx.Write("update donor.deferral set version = version + 1, lifted_at = @now, lifted_by = @staff, lift_reason = @reason, finding_correction_id = @correctionId where id = @Id and lifted_at is null",
                    new { deferral.Id, now = tx.Now, staff, correctionId, reason = key.Seal("lift_reason", "entered-in-error") });
                tx.WriteAny("update donor.reentry_case set version = version + 1, status = 'void', closed_at = @now where deferral_id = @Id and status = 'open'", new { deferral.Id, now = tx.Now });
                donor.Lifted(new DeferralFact(key.Open("deferral_code", deferral.Code), deferral.StartsOn, deferral.EndsOn), today);
            }
            donor.AnnounceWindows(tx);
            visit.Save(tx);
            tx.Audit("visit.finding-sign", $"visits/{id}", new { correctionId, ended = ending.Select(d => d.Id) });
            findings.Ended(ending, tx.Now, correctionId);
            return Answers.Ok(2, findings.View(visit, correction with { SignedBy = correction.SignedBy ?? staff, SignedAt = correction.SignedAt ?? tx.Now }));
        }, ct);

    private static async Task<Results<Ok<List<FindingCorrectionView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<FindingCorrectionView>>, ProblemHttpResult>>(async tx =>
        {
            var (found, findings) = await VisitFile.Read(tx, vault, books, id, FindingsFile.Select, FindingsFile.Read);
            if (found is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            tx.Audit("visit.read", $"visits/{id}");
            return TypedResults.Ok(findings!.Corrections.ConvertAll(c => findings.View(visit, c)));
        }, ct);

    private static async Task<Results<Made<FindingCorrectionView>, ProblemHttpResult>> One(Guid id, Guid correctionId, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<FindingCorrectionView>, ProblemHttpResult>>(async tx =>
        {
            var (found, findings) = await VisitFile.Read(tx, vault, books, id, FindingsFile.Select, FindingsFile.Read);
            if (found is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant || findings!.Corrections.Find(c => c.Id == correctionId) is not { } correction) return CommonProblems.NotFound.With();
            tx.Audit("visit.read", $"visits/{id}");
            return Answers.Ok(correction.SignedAt is null ? 1 : 2, findings.View(visit, correction));
        }, ct);

    private static string Text(object record) => JsonSerializer.Serialize(record, Json.Options);

    private static Dictionary<string, decimal> ValuesOf(string step, string record) =>
        step == "vitals" ? JsonSerializer.Deserialize<VitalsRequest>(record, Json.Options)!.Values : JsonSerializer.Deserialize<PretestRequest>(record, Json.Options)!.Values;

    /// <summary>What was found at a visit's steps, what was corrected of it, and what came of both.</summary>
    private sealed record FindingsFile(bool Exists, List<StepRow> Steps, List<FindingCorrectionRow> Corrections, List<DecisionRow> Decisions, List<ArisenDeferral> Deferrals)
    {
        public const string Corrected = "/correction";

        public const string Select = """
            select exists (select from donor.visit where id = @id);
            select step, record from donor.visit_step where visit_id = @id and step in ('vitals', 'consultation', 'pretest', 'defer');
            select c.id, c.number, c.step, c.reason_code, c.record, c.group_before, c.group_after, c.decision_id, c.withdrew, c.recorded_at, c.recorded_by, s.staff_id as signed_by, s.signed_at
            from donor.finding_correction c left join donor.finding_correction_signature s on s.correction_id = c.id where c.visit_id = @id order by c.number;
            select id, step, outcome from donor.decision where visit_id = @id order by id;

            """ + ArisenDeferral.OfVisit;

        private readonly Dictionary<Guid, Findings> made = [];

        public static async Task<FindingsFile?> Read(SqlMapper.GridReader grid) => new(await grid.ReadSingleAsync<bool>(), [.. await grid.ReadAsync<StepRow>()], [.. await grid.ReadAsync<FindingCorrectionRow>()],
            [.. await grid.ReadAsync<DecisionRow>()], [.. (await grid.ReadAsync<ArisenDeferral>()).Where(d => d.Origin == "visit")]);

        /// <summary>What was judged, in order: by the step it is of.</summary>
        public IEnumerable<(string Step, Findings Found)> Judged(SubjectKey key) =>
            Decisions.Select(d => (d.Step.Replace(Corrected, "", StringComparison.Ordinal), Of(key, d))).Concat(made.Values.Zip(Corrections.TakeLast(made.Count), (found, c) => (c.Step, found)));

        public void Add(FindingCorrectionRow correction, Findings found)
        {
            Corrections.Add(correction);
            made[correction.DecisionId] = found;
        }

        public void Ended(List<ArisenDeferral> ended, DateTimeOffset at, Guid correctionId)
        {
            for (var i = 0; i < Deferrals.Count; i++)
                if (ended.Exists(d => d.Id == Deferrals[i].Id)) Deferrals[i] = Deferrals[i] with { LiftedAt = at, VoidId = correctionId };
        }

        /// <summary>The visit's deferrals that the corrected step had brought and that no finding that stands says, nor a physician.</summary>
        public List<ArisenDeferral> Superseded(VisitFile visit, FindingCorrectionRow correction)
        {
            if (Corrections.FindLast(c => c.Step == correction.Step)!.Id != correction.Id) return []; // a later one says what stands
            var said = Steps.Where(s => s.Step == "defer").Select(s => JsonSerializer.Deserialize<DeferVisitRequest>(visit.Donor.Key.Open("visit_step", s.Record), Json.Options)!.Code);
            var codes = Correction.Superseded([.. Judged(visit.Donor.Key)], correction.Step, said);
            return Deferrals.FindAll(d => codes.Contains(visit.Donor.KeyOf(d.DonorId).Open("deferral_code", d.Code)));
        }

        public FindingCorrectionView View(VisitFile visit, FindingCorrectionRow c)
        {
            var found = made.TryGetValue(c.DecisionId, out var fresh) ? fresh : Of(visit.Donor.Key, Decisions.Single(d => d.Id == c.DecisionId));
            var deferrals = Superseded(visit, c);
            return new(c.Id, visit.Row.Id, c.Number, c.Step, c.ReasonCode, found.Pass, [.. found.Reasons.Concat(found.Closed ?? []).Select(r => ReasonView.Of(visit.Rules, r.Code, r.Rule, r.Until))], c.GroupBefore, c.GroupAfter, c.Withdrew, c.RecordedAt, c.RecordedBy,
                [.. deferrals.Select(d => ArisenDeferralView.Of(d, visit.Donor))], c.SignedBy, c.SignedAt, deferrals.Exists(d => d.LiftedAt is null) ? ["sign"] : []);
        }

        private static Findings Of(SubjectKey key, DecisionRow decision) => Decision.Findings(key.Open("decision_outcome", decision.Outcome));
    }

    private sealed record StepRow(string Step, byte[] Record);

    private sealed record DecisionRow(Guid Id, string Step, byte[] Outcome);

    private sealed record FindingCorrectionRow(
        Guid Id, int Number, string Step, string ReasonCode, byte[] Record, string? GroupBefore, string? GroupAfter, Guid DecisionId, bool Withdrew, DateTimeOffset RecordedAt, Guid RecordedBy, Guid? SignedBy, DateTimeOffset? SignedAt);
}
