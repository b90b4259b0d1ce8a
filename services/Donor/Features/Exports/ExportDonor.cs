using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donations;
using BloodPlatform.Donors.Features.Donors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Exports;

/// <summary>All that this service holds on a person, opened, for himself: the station hands it over.</summary>
public sealed record ExportView(
    Guid DonorId, DateTimeOffset At, ExportedIdentity Identity, IReadOnlyList<ExportedDocument> Documents, IReadOnlyList<DonorConsent> Consents, IReadOnlyList<ConsentFactView> ConsentHistory, IReadOnlyList<ExportedMembership> Memberships,
    IReadOnlyList<DonationView> Donations, IReadOnlyList<ExportedVisit> Visits, IReadOnlyList<ExportedDeferral> Deferrals, IReadOnlyList<ExportedReaction> Reactions, IReadOnlyList<ExportedRead> FullReads, IReadOnlyList<ExportedUse> Uses,
    IReadOnlyList<ExportedDecision> Decisions, IReadOnlyList<ExportedIdentityCorrection> IdentityCorrections, ExportedReminderWishes? ReminderWishes, IReadOnlyList<ExportedReminder> Reminders,
    IReadOnlyList<ExportedReentryCase> ReentryCases, IReadOnlyList<ExportedApproval> IntervalApprovals, IReadOnlyList<ExportedDonationCorrection> DonationCorrections, IReadOnlyList<ExportedMerge> Merges,
    IReadOnlyList<ExportedCounted> CountedBesides, DateOnly? EarlierReactionOn, IReadOnlyList<ExportedLinkRequest> LinkRequests, IReadOnlyList<ExportedLookback> Lookbacks, string? CardNumber);

public sealed record ExportedIdentity(string Name, string DocumentKind, string DocumentNumber, DateOnly BirthDate, string Sex, string Phone, string? BloodGroup, string? District, string IdentityAssurance, DateTimeOffset RegisteredAt, string Status);

public sealed record ExportedDocument(string Kind, string Number, DateTimeOffset RecordedAt, DateTimeOffset? SeenAt);

/// <param name="Given">False where it was withdrawn.</param>
public sealed record ConsentFactView(string Code, int Version, bool Given, DateTimeOffset At);

public sealed record ExportedMembership(Guid OrganisationId, string? MemberNumber, string? GroupId, DateOnly? ValidFrom, DateOnly? ValidTo, bool ShareParticipation);

/// <param name="Steps">What was measured, asked and answered, as it was recorded.</param>
/// <param name="AnotherDonors">It was recorded under him and was another's: what is in it is that one's.</param>
/// <param name="ExternalCheck">What the register beyond this platform answered about him, where it was asked.</param>
public sealed record ExportedVisit(Guid Id, Guid StationId, DateTimeOffset OpenedAt, string Status, bool AnotherDonors, JsonElement? Reasons, IReadOnlyList<ExportedStep> Steps, string? ExternalCheck, string? BackfillReason);

/// <param name="Status">`open`, `lifted`, `refused` or `void`.</param>
public sealed record ExportedReentryCase(Guid Id, Guid DeferralId, Guid StationId, string Status, RuleSetView RuleSet, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt, string? Refusal, IReadOnlyList<ExportedCriterion> Criteria, IReadOnlyList<DateTimeOffset> SignedAt);

public sealed record ExportedCriterion(string Code, DateOnly MetOn, string? Finding);

public sealed record ExportedApproval(string Rule, DateOnly On, string Reason, DateTimeOffset RecordedAt);

/// <param name="Kind">`corrected` or `voided`; the values are those that stand after it.</param>
public sealed record ExportedDonationCorrection(Guid VisitId, string Kind, string ReasonCode, string? Note, DateTimeOffset? StartedAt, int? NominalMl, int? CollectedMl, int? TreatmentUnits, DateTimeOffset RecordedAt);

/// <param name="Reason">Null where the other registration, under which it is kept, is not his any more.</param>
public sealed record ExportedMerge(Guid SurvivorId, Guid AbsorbedId, DateTimeOffset MergedAt, string? Reason, DateTimeOffset? UndoneAt, string? UndoReason);

/// <summary>What counts for his dates and is in no list of donations: of a registration that was erased, recorded under another's name, a needle of which nobody knows what it drew.</summary>
public sealed record ExportedCounted(DateOnly On, string Procedure, int? CollectedMl, int? TreatmentUnits);

/// <summary>An app that is not his asked to register him.</summary>
public sealed record ExportedLinkRequest(Guid AppId, DateTimeOffset RequestedAt);

/// <summary>A station looked back on what he gave.</summary>
public sealed record ExportedLookback(Guid StationId, DateTimeOffset? OpenedAt, DateTimeOffset? ClosedAt);

/// <summary>A judgement by the rules (PIPL Art. 24): what it went by and what came of it, as both were kept.</summary>
public sealed record ExportedDecision(Guid VisitId, string Step, DateOnly JudgedOn, RuleSetView RuleSet, JsonElement Input, JsonElement Outcome, DateTimeOffset RecordedAt);

public sealed record ExportedIdentityCorrection(int Number, string ReasonCode, string DocumentKind, JsonElement Before, JsonElement After, DateTimeOffset RecordedAt);

/// <param name="NextOn">When he is reminded next; null where he is not.</param>
public sealed record ExportedReminderWishes(string Reminders, IReadOnlyList<string> Channels, DateTimeOffset? SetAt, DateOnly? NextOn);

public sealed record ExportedReminder(DateOnly DueOn, DateTimeOffset SentAt);

/// <param name="Note">Of a correction, where words were kept.</param>
public sealed record ExportedStep(string Step, DateTimeOffset At, JsonElement Record, string? Note);

public sealed record ExportedDeferral(string Code, DateOnly From, DateOnly? Until, string Certainty, string Origin, string Status, string? Note, DateTimeOffset RecordedAt, DateTimeOffset? LiftedAt, string? LiftReason);

/// <param name="InError">It was recorded wrong.</param>
public sealed record ExportedReaction(string Kind, string Severity, DateTimeOffset At, string? Note, bool InError, string? InErrorNote);

public sealed record ExportedRead(DateTimeOffset At, Guid StationId, string Purpose, string? Reason);

/// <summary>Somebody used the record: which program, of which station, which act.</summary>
public sealed record ExportedUse(DateTimeOffset At, string Action, Guid? TenantId);

/// <summary>
/// What an app may hand its donor: what it gave itself and may see anyway, masked. It is the same for a donor who was deferred and for one who was not;
/// what is left out is said to everybody alike.
/// </summary>
public sealed record AppExportView(Guid DonorId, DateTimeOffset At, DonorView Donor, IReadOnlyList<ConsentFactView> ConsentHistory, IReadOnlyList<DonationView> Donations, string Omitted);

/// <summary>POST /v1/donors/{id}/export (PIPL Art. 45): a copy for the donor. A read of full values: a person answers for it, and it is audited.</summary>
public static class ExportDonor
{
    private static readonly string[] Functions = ["registrar", "physician", "quality"];

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/export", Handle)
        .Allow("donors", Roles.Station, Roles.App).IgnoresIdempotencyKey().WithSummary("Everything held on a donor, for himself");

    private static async Task<Results<Ok<ExportView>, Ok<AppExportView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct)
    {
        if (caller.Is(Roles.Station) && caller.Staff is null) return CommonProblems.StaffRequired.With("A person hands it over: send a staff token in Acting-Staff");
        if (caller.Is(Roles.Station) && !Functions.Any(caller.Staff!.Has)) return CommonProblems.StaffFunctionRequired.With($"One of: {string.Join(", ", Functions)}");
        return await db.InTransaction<Results<Ok<ExportView>, Ok<AppExportView>, ProblemHttpResult>>(async tx =>
        {
            // Apps and stations read alike, so the time it takes says nothing.
            var (donor, more) = await tx.Read(DonorFile.Unlocked + Everything, new { donorId = id }, async grid => (await DonorFile.Read(grid, vault, books), await Rows.Read(grid)));
            if (donor is null) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            if (caller.Is(Roles.App))
                return TypedResults.Ok(new AppExportView(id, tx.Now, DonorView.Of(donor, caller), more.Consents, more.Donations, "健康征询、检查、评估、暂缓等医学记录，提醒与查阅记录，以及完整证件和更正信息，请本人到血站查阅复制。 Medical records and judgements, reminders, uses of the record, full documents and corrections are handed to the donor himself by a blood station."));

            tx.Audit("donor.export", $"donors/{id}");
            var (row, key) = (donor.Row, donor.Key);
            return TypedResults.Ok(new ExportView(
                id, tx.Now, new(key.Open("name", row.Name), row.DocumentKind, key.Open("document_number", row.DocumentNumber), donor.Facts.BirthDate, row.Sex, key.Open("phone", row.Phone), donor.BloodGroup, donor.District, donor.Assurance, row.RegisteredAt, row.Status),
                [.. more.Documents.Select(d => new ExportedDocument(d.Kind, donor.KeyOf(d.DonorId).Open("document_number", d.Number), d.RecordedAt, d.SeenAt))],
                donor.Consents, more.Consents,
                [.. donor.Memberships.Select(m => new ExportedMembership(m.OrganisationId, m.MemberNumber is null ? null : donor.KeyOf(m.DonorId).Open("member_number", m.MemberNumber), m.GroupId, m.ValidFrom, m.ValidTo, m.ShareParticipation))],
                more.Donations,
                [.. more.Visits.Select(v => new ExportedVisit(v.Id, v.StationId, v.OpenedAt, v.Status, v.AnotherDonors, v.Reasons is null || v.AnotherDonors ? null : Opened(donor.KeyOf(v.DonorId), "visit_reasons", v.Reasons),
                    [.. more.Steps.Where(s => s.VisitId == v.Id && !v.AnotherDonors).Select(s => new ExportedStep(s.Step, s.At, Opened(donor.KeyOf(v.DonorId), "visit_step", s.Record), Text(v.DonorId, "correction_note", s.Note)))],
                    v.AnotherDonors ? null : v.ExternalCheck, Text(v.DonorId, "backfill_reason", v.BackfillReason)))],
                [.. more.Deferrals.Select(d => new ExportedDeferral(donor.KeyOf(d.DonorId).Open("deferral_code", d.Code), d.StartsOn, d.EndsOn, d.Certainty, d.Origin, d.LiftedAt is null ? "active" : d.VoidId is null ? "lifted" : "entered-in-error", Text(d.DonorId, "deferral_note", d.Note), d.RecordedAt, d.LiftedAt, Text(d.DonorId, "lift_reason", d.LiftReason)))],
                [.. more.Reactions.Select(r => new ExportedReaction(r.Kind, r.Severity, r.At, Text(r.DonorId, "reaction_note", r.Note), r.InError, Text(r.DonorId, "reaction_note", r.InErrorNote)))],
                [.. more.Reads.Select(f => new ExportedRead(f.At, f.StationId, f.Purpose, donor.KeyOf(f.DonorId).Open("full_read_reason", f.Reason)))],
                more.Uses,
                [.. more.Decisions.Select(c => new ExportedDecision(c.VisitId, c.Step, c.JudgedOn, new(c.RuleSet, c.RuleSetVersion), Opened(donor.KeyOf(c.DonorId), "decision_input", c.Input), Opened(donor.KeyOf(c.DonorId), "decision_outcome", c.Outcome), c.RecordedAt))],
                [.. more.Corrections.Select(c => new ExportedIdentityCorrection(c.Number, c.ReasonCode, c.DocumentKind, Opened(donor.KeyOf(c.DonorId), "identity_state", c.Before), Opened(donor.KeyOf(c.DonorId), "identity_state", c.After), c.RecordedAt))],
                more.Wishes, more.Reminders,
                [.. more.Cases.Select(c => new ExportedReentryCase(c.Id, c.DeferralId, c.StationId, c.Status, new(c.RuleSet, c.RuleSetVersion), c.OpenedAt, c.ClosedAt, Text(c.DonorId, "reentry_refusal", c.Refusal),
                    [.. more.Criteria.Where(m => m.CaseId == c.Id).Select(m => new ExportedCriterion(m.Code, m.MetOn, Text(c.DonorId, "reentry_finding", m.Finding)))], [.. more.Signatures.Where(g => g.CaseId == c.Id).Select(g => g.SignedAt)]))],
                [.. more.Approvals.Select(a => new ExportedApproval(a.Rule, a.ApprovedFor, Text(a.DonorId, "approval_reason", a.Reason)!, a.RecordedAt))],
                [.. more.DonationCorrections.Select(c => new ExportedDonationCorrection(c.VisitId, c.Kind, c.ReasonCode, c.AnotherDonors ? null : Text(c.DonorId, "correction_note", c.Note), c.StartedAt, c.NominalMl, c.CollectedMl, c.TreatmentUnits, c.RecordedAt))],
                [.. more.Merges.Select(m => new ExportedMerge(m.SurvivorId, m.AbsorbedId, m.MergedAt, donor.Includes(m.SurvivorId) ? Text(m.SurvivorId, "merge_reason", m.Reason) : null, m.UndoneAt, donor.Includes(m.SurvivorId) ? Text(m.SurvivorId, "merge_reason", m.UndoReason) : null))],
                more.Counted, more.Earlier, more.LinkRequests, more.Lookbacks, more.Card));

            string? Text(Guid of, string field, byte[]? stored) => stored is null ? null : donor.KeyOf(of).Open(field, stored);
        }, ct);
    }

    private static JsonElement Opened(SubjectKey key, string field, byte[] stored) => JsonElement.Parse(key.Open(field, stored));

    private const string Everything = $"""
        select donor_id, kind, number, recorded_at, seen_at from donor.document where donor_id = any({DonorFile.IdsOf}) order by recorded_at, id;
        select code, version, given, at from donor.consent_fact where donor_id = any({DonorFile.IdsOf}) order by at, code;
        select din, procedure, nominal_ml, collected_ml, treatment_units, started_at as collected_at, drive_id from donor.donation_as_it_stands where donor_id = any({DonorFile.IdsOf}) and not voided order by started_at, din;
        select id, donor_id, station_id, opened_at, status, reasons, exists (select from donor.visit_void w where w.visit_id = visit.id) as another_donors, external_check, backfill_reason from donor.visit where donor_id = any({DonorFile.IdsOf}) order by opened_at, id;
        select s.visit_id, s.step, s.at, s.record, s.note from (select visit_id, step, at, record, null::bytea as note, recorded_at from donor.visit_step union all select visit_id, step || '/correction', recorded_at, record, note, recorded_at from donor.finding_correction) s
            where s.visit_id in (select id from donor.visit where donor_id = any({DonorFile.IdsOf})) order by s.recorded_at;
        select donor_id, code, starts_on, ends_on, certainty, origin, note, recorded_at, lifted_at, coalesce(void_id, finding_correction_id) as void_id, lift_reason from donor.deferral where donor_id = any({DonorFile.IdsOf}) order by recorded_at, id;
        select r.donor_id, r.kind, r.severity, r.at, r.note, x.reaction_id is not null as in_error, x.note as in_error_note from donor.reaction r left join donor.reaction_void x on x.reaction_id = r.id where r.donor_id = any({DonorFile.IdsOf}) order by r.at, r.id;
        select donor_id, at, station_id, purpose, reason from donor.full_read where donor_id = any({DonorFile.IdsOf}) order by at, id;
        select at, action, tenant_id from donor.audit where resource in (select 'donors/' || x.id from (select donor_id as id from donor.donor_person where person_id = {DonorFile.PersonOf} union select {DonorFile.PersonOf}) x
            union select 'visits/' || id from donor.visit where donor_id = any({DonorFile.IdsOf}) union select 'deferrals/' || id from donor.deferral where donor_id = any({DonorFile.IdsOf})) order by at, id;
        select c.donor_id, c.visit_id, c.step, c.judged_on, c.rule_set, c.rule_set_version, c.input, c.outcome, c.recorded_at from donor.decision c
        where c.donor_id = any({DonorFile.IdsOf}) and not exists (select from donor.visit_void w where w.visit_id = c.visit_id) order by c.id;
        select donor_id, number, reason_code, document_kind, before, after, recorded_at from donor.identity_correction where donor_id = any({DonorFile.IdsOf}) order by recorded_at, number;
        select reminders, channels, set_at, next_on from donor.contact_preference where donor_id = {DonorFile.PersonOf};
        select due_on, sent_at from donor.reminder where donor_id = any({DonorFile.IdsOf}) order by due_on;
        select id, donor_id, deferral_id, station_id, status, rule_set, rule_set_version, opened_at, closed_at, refusal from donor.reentry_case where donor_id = any({DonorFile.IdsOf}) order by opened_at, id;
        select m.case_id, m.code, m.met_on, m.finding from donor.reentry_criterion m join donor.reentry_case c on c.id = m.case_id where c.donor_id = any({DonorFile.IdsOf}) order by m.recorded_at, m.code;
        select g.case_id, g.signed_at from donor.reentry_signature g join donor.reentry_case c on c.id = g.case_id where c.donor_id = any({DonorFile.IdsOf}) order by g.signed_at;
        select donor_id, rule, approved_for, reason, recorded_at from donor.interval_approval where donor_id = any({DonorFile.IdsOf}) order by recorded_at, rule;
        select x.*, exists (select from donor.visit_void w where w.visit_id = x.visit_id) as another_donors from (
            select d.donor_id, d.visit_id, c.kind, c.reason_code, c.note, c.started_at, c.nominal_ml, c.collected_ml, c.treatment_units, c.recorded_at from donor.donation_correction c join donor.donation d on d.din = c.din where d.donor_id = any({DonorFile.IdsOf})
            union all select v.donor_id, v.id, 'corrected', c.reason_code, c.note, v.started_at, v.nominal_ml, 0, v.treatment_units, c.recorded_at from donor.attempt_correction c join donor.visit v on v.id = c.visit_id where v.donor_id = any({DonorFile.IdsOf})) x order by x.recorded_at;
        select survivor_id, absorbed_id, merged_at, reason, undone_at, undo_reason from donor.merge where survivor_id = any({DonorFile.IdsOf}) or absorbed_id = any({DonorFile.IdsOf}) order by merged_at, id;
        select donated_on as "on", procedure, collected_ml, treatment_units from donor.carried_donation where donor_id = any({DonorFile.IdsOf}) union all select donated_on, procedure, collected_ml, treatment_units from donor.given_under_another where donor_id = any({DonorFile.IdsOf})
            union all select attempted_on, procedure, null::int, null::int from donor.attempt where donor_id = any({DonorFile.IdsOf}) order by 1, 2;
        select min(first_on) as first_on from donor.carried_reaction where donor_id = any({DonorFile.IdsOf});
        select app_id, requested_at from donor.link_request where donor_id = any({DonorFile.IdsOf}) order by requested_at;
        select station_id, opened_at, closed_at from donor.lookback where donor_id = any({DonorFile.IdsOf}) order by opened_at, id;
        select number from donor.card where donor_id = {DonorFile.PersonOf};
        """;

    private sealed record Rows(List<DocumentRow> Documents, List<ConsentFactView> Consents, List<DonationView> Donations, List<VisitRow> Visits, List<StepRow> Steps, List<DeferralRow> Deferrals, List<ReactionRow> Reactions, List<ReadRow> Reads, List<ExportedUse> Uses,
        List<DecisionRow> Decisions, List<CorrectionRow> Corrections, ExportedReminderWishes? Wishes, List<ExportedReminder> Reminders,
        List<CaseRow> Cases, List<CriterionRow> Criteria, List<SignatureRow> Signatures, List<ApprovalRow> Approvals, List<DonationCorrectionRow> DonationCorrections, List<MergeRow> Merges, List<ExportedCounted> Counted, DateOnly? Earlier,
        List<ExportedLinkRequest> LinkRequests, List<ExportedLookback> Lookbacks, string? Card)
    {
        public static async Task<Rows> Read(Dapper.SqlMapper.GridReader grid) => new(
            [.. await grid.ReadAsync<DocumentRow>()], [.. await grid.ReadAsync<ConsentFactView>()], [.. await grid.ReadAsync<DonationView>()], [.. await grid.ReadAsync<VisitRow>()], [.. await grid.ReadAsync<StepRow>()], [.. await grid.ReadAsync<DeferralRow>()],
            [.. await grid.ReadAsync<ReactionRow>()], [.. await grid.ReadAsync<ReadRow>()], [.. await grid.ReadAsync<ExportedUse>()],
            [.. await grid.ReadAsync<DecisionRow>()], [.. await grid.ReadAsync<CorrectionRow>()], await grid.ReadSingleOrDefaultAsync<WishesRow>() is { } w ? new(w.Reminders, w.Channels, w.SetAt, w.NextOn) : null, [.. await grid.ReadAsync<ExportedReminder>()],
            [.. await grid.ReadAsync<CaseRow>()], [.. await grid.ReadAsync<CriterionRow>()], [.. await grid.ReadAsync<SignatureRow>()], [.. await grid.ReadAsync<ApprovalRow>()], [.. await grid.ReadAsync<DonationCorrectionRow>()], [.. await grid.ReadAsync<MergeRow>()],
            [.. await grid.ReadAsync<ExportedCounted>()], (await grid.ReadSingleAsync<EarlierRow>()).FirstOn, [.. await grid.ReadAsync<ExportedLinkRequest>()], [.. await grid.ReadAsync<ExportedLookback>()], await grid.ReadSingleOrDefaultAsync<string>());
    }

    private sealed record DocumentRow(Guid DonorId, string Kind, byte[] Number, DateTimeOffset RecordedAt, DateTimeOffset? SeenAt);

    private sealed record VisitRow(Guid Id, Guid DonorId, Guid StationId, DateTimeOffset OpenedAt, string Status, byte[]? Reasons, bool AnotherDonors, string? ExternalCheck, byte[]? BackfillReason);

    private sealed record CaseRow(Guid Id, Guid DonorId, Guid DeferralId, Guid StationId, string Status, string RuleSet, string RuleSetVersion, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt, byte[]? Refusal);

    private sealed record CriterionRow(Guid CaseId, string Code, DateOnly MetOn, byte[]? Finding);

    private sealed record SignatureRow(Guid CaseId, DateTimeOffset SignedAt);

    private sealed record ApprovalRow(Guid DonorId, string Rule, DateOnly ApprovedFor, byte[] Reason, DateTimeOffset RecordedAt);

    private sealed record DonationCorrectionRow(Guid DonorId, Guid VisitId, string Kind, string ReasonCode, byte[]? Note, DateTimeOffset? StartedAt, int? NominalMl, int? CollectedMl, int? TreatmentUnits, DateTimeOffset RecordedAt, bool AnotherDonors);

    private sealed record MergeRow(Guid SurvivorId, Guid AbsorbedId, DateTimeOffset MergedAt, byte[] Reason, DateTimeOffset? UndoneAt, byte[]? UndoReason);

    private sealed record EarlierRow(DateOnly? FirstOn);

    private sealed record StepRow(Guid VisitId, string Step, DateTimeOffset At, byte[] Record, byte[]? Note);

    private sealed record DeferralRow(Guid DonorId, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, string Certainty, string Origin, byte[]? Note, DateTimeOffset RecordedAt, DateTimeOffset? LiftedAt, Guid? VoidId, byte[]? LiftReason);

    private sealed record DecisionRow(Guid DonorId, Guid VisitId, string Step, DateOnly JudgedOn, string RuleSet, string RuleSetVersion, byte[] Input, byte[] Outcome, DateTimeOffset RecordedAt);

    private sealed record CorrectionRow(Guid DonorId, int Number, string ReasonCode, string DocumentKind, byte[] Before, byte[] After, DateTimeOffset RecordedAt);

    private sealed record WishesRow(string Reminders, string[] Channels, DateTimeOffset SetAt, DateOnly? NextOn);

    private sealed record ReactionRow(Guid DonorId, string Kind, string Severity, DateTimeOffset At, byte[]? Note, bool InError, byte[]? InErrorNote);

    private sealed record ReadRow(Guid DonorId, DateTimeOffset At, Guid StationId, string Purpose, byte[] Reason);
}
