using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>What giving did to the donor, by the classes of WS/T 551-2017 (field knowledge, confidence medium). The note is sealed.</summary>
/// <param name="Care">What was done for him: `observed`, `laid-down`, `fluids`, `compression`, `cold-compress`, `calcium`, `oxygen`, `medication`, `sent-to-hospital`.</param>
public sealed record ReactionRequest(
    [property: AllowedValues("vasovagal", "vasovagal-delayed", "haematoma", "arterial-puncture", "delayed-bleeding", "nerve", "arm-pain", "phlebitis", "cellulitis", "vessel-injury", "citrate", "haemolysis", "air-embolism", "allergic", "cardiac", "cerebrovascular", "other")] string Kind,
    [property: AllowedValues("mild", "moderate", "severe")] string Severity,
    DateTimeOffset? At = null,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null,
    [property: MaxLength(10)] string[]? Care = null);

/// <param name="ReasonCode">`entered-wrong` (it was otherwise: record it anew), `another-donors` or `no-reaction`.</param>
public sealed record VoidReactionRequest(
    [property: AllowedValues("entered-wrong", "another-donors", "no-reaction")] string ReasonCode,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <param name="Status">`recorded`, or `entered-in-error`: it counts for nothing any more.</param>
public sealed record ReactionView(Guid Id, Guid VisitId, Guid DonorId, string Kind, string Severity, DateTimeOffset At, string[] Care, string Status, string? ReasonCode, DateTimeOffset? VoidedAt, Guid? VoidedBy, string[] AllowedActions);

/// <summary>
/// POST /v1/visits/{id}/reactions, at any time: some come at home. Above the first age limit it ends giving, so the windows follow. One that was recorded wrong
/// is entered in error by a physician who did not record it, because that lets a donor give again; what happened instead is recorded anew.
/// </summary>
public static class RecordReaction
{
    private static readonly string[] Cares = ["observed", "laid-down", "fluids", "compression", "cold-compress", "calcium", "oxygen", "medication", "sent-to-hospital"];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/visits/{id:guid}/reactions", List).Allow("visits", Roles.Station).WithSummary("A visit's reactions");
        app.MapPost("/v1/visits/{id:guid}/reactions", Handle).Allow("visits", Roles.Station).Creates().WithSummary("Records a donor's reaction");
        app.MapPost("/v1/visits/{id:guid}/reactions/{reactionId:guid}/void", Void).Allow("visits", Roles.Station).ByStaff("physician").WithSummary("A second person, a physician, enters a reaction in error");
        app.MapGet("/v1/visits/{id:guid}/reactions/{reactionId:guid}", Get).Allow("visits", Roles.Station).WithSummary("A donor's reaction");
    }

    private static async Task<Results<Made<ReactionView>, ProblemHttpResult>> Handle(Guid id, ReactionRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReactionView>, ProblemHttpResult>>(async tx =>
        {
            var care = request.Care ?? [];
            if (care.Except(Cares).Any()) return CommonProblems.Invalid.With(null, [.. care.Select((c, i) => (c, i)).Where(x => !Cares.Contains(x.c)).Select(x => new FieldError($"/care/{x.i}", "invalid", "One of " + string.Join(", ", Cares)))]);
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            var at = request.At ?? (visit.Row.Backfilled ? visit.Row.LastAt : tx.Now);
            if (at > tx.Now + VisitSteps.Tolerance || at < visit.Row.OpenedAt - VisitSteps.Tolerance) return Problems.TimeOutOfOrder.With(null, new FieldError("/at", "time_out_of_order", "Before the visit, or in the future"));
            var (donor, reactionId) = (visit.Donor, tx.NewId());
            tx.Write("insert into donor.reaction (id, visit_id, donor_id, kind, severity, at, note, care, recorded_at, recorded_by) values (@reactionId, @id, @donorId, @Kind, @Severity, @at, @note, @care, @now, @staff)",
                new { reactionId, id, donorId = donor.Id, request.Kind, request.Severity, at, care, note = request.Note is null ? null : donor.Key.Seal("reaction_note", request.Note), now = tx.Now, staff = caller.Staff?.Id });
            visit.Announce(tx, new DonorReactionRecorded { Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = at, ReactionId = reactionId, DonorId = donor.Id, VisitId = id, Severity = request.Severity });
            var on = Shanghai.DateOf(at);
            donor.Facts = donor.Facts with { FirstReaction = donor.Facts.FirstReaction is { } first && first < on ? first : on };
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            return Answers.Created($"/v1/visits/{id}/reactions/{reactionId}", 1, new ReactionRow(reactionId, id, donor.Id, request.Kind, request.Severity, at, care, caller.Staff?.Id).View);
        }, ct);

    private static async Task<Results<Made<ReactionView>, ProblemHttpResult>> Void(Guid id, Guid reactionId, VoidReactionRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReactionView>, ProblemHttpResult>>(async tx =>
        {
            var (found, reactions) = await VisitFile.Lock(tx, vault, books, id, $"{ReactionRow.Select} where r.visit_id = @id order by r.at, r.id; {OfPerson}", new { id, reactionId }, async grid =>
                (Visit: (await grid.ReadAsync<ReactionRow>()).ToList(), FirstBesides: await grid.ReadSingleAsync<FirstRow>()));
            if (found is not { } visit) return reactions.Visit is { Count: > 0 } ? Problems.IdentityDestroyed.With() : CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant || reactions.Visit.Find(r => r.Id == reactionId) is not { } reaction) return CommonProblems.NotFound.With();
            if (reaction.VoidedAt is not null) return Problems.NothingCorrected.With();
            var (donor, staff) = (visit.Donor, caller.Staff!.Id);
            if (Correction.By(staff, reaction.RecordedBy is { } by ? [by] : visit.StaffOf(), null) is { } same) return same.ToProblem(); // nobody named: whoever was at the visit may have been it
            tx.Write("insert into donor.reaction_void (reaction_id, reason_code, note, voided_at, voided_by) values (@reactionId, @ReasonCode, @note, @now, @staff)",
                new { reactionId, request.ReasonCode, note = request.Note is null ? null : donor.Key.Seal("reaction_note", request.Note), now = tx.Now, staff });
            visit.Announce(tx, new DonorReactionVoided { Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = tx.Now, ReactionId = reactionId, DonorId = donor.Id, VisitId = id });
            if (visit.Void is { TrueDonorId: not null } wrong) FollowVoid.Start(tx, wrong.Id); // it counted for him
            donor.Facts = donor.Facts with { FirstReaction = reactions.FirstBesides.At is { } at ? Shanghai.DateOf(at) : null };
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("reaction.void", $"visits/{id}", new { reactionId, request.ReasonCode });
            return Answers.Ok(2, (reaction with { VoidReason = request.ReasonCode, VoidedAt = tx.Now, VoidedBy = staff }).View);
        }, ct);

    private static async Task<Results<Made<ReactionView>, ProblemHttpResult>> Get(Guid id, Guid reactionId, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<ReactionRow>($"{ReactionRow.Select} join donor.visit v on v.id = r.visit_id where r.id = @reactionId and v.id = @id and v.station_id = @station", new { id, reactionId, station = caller.Tenant }, ct) is { } reaction
            ? Answers.Ok(reaction.VoidedAt is null ? 1 : 2, reaction.View) : CommonProblems.NotFound.With();

    private static async Task<Results<Ok<List<ReactionView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<ReactionView>>, ProblemHttpResult>>(async tx =>
        {
            var (own, reactions) = await tx.Read($"""
                select station_id = @station from donor.visit where id = @id;
                {ReactionRow.Select} where r.visit_id = @id order by r.at, r.id
                """, new { id, station = caller.Tenant }, async grid => (await grid.ReadSingleOrDefaultAsync<bool?>(), (await grid.ReadAsync<ReactionRow>()).ToList()));
            if (own is not true) return own is null ? CommonProblems.Unknown(id) : CommonProblems.NotFound.With();
            tx.Audit("reaction.read", $"visits/{id}");
            return TypedResults.Ok(reactions.ConvertAll(r => r.View));
        }, ct);

    private static readonly string OfPerson = $"select min(at) as at from donor.reaction_counted where donor_id = any({DonorFile.IdsOf.Replace("@donorId", "(select donor_id from donor.visit where id = @id)", StringComparison.Ordinal)}) and id is distinct from @reactionId";

    private sealed record FirstRow(DateTimeOffset? At);

    private sealed record ReactionRow(Guid Id, Guid VisitId, Guid DonorId, string Kind, string Severity, DateTimeOffset At, string[] Care, Guid? RecordedBy, string? VoidReason = null, DateTimeOffset? VoidedAt = null, Guid? VoidedBy = null)
    {
        public const string Select = """
            select r.id, r.visit_id, r.donor_id, r.kind, r.severity, r.at, r.care, r.recorded_by, x.reason_code as void_reason, x.voided_at, x.voided_by
            from donor.reaction r left join donor.reaction_void x on x.reaction_id = r.id
            """;

        public ReactionView View => new(Id, VisitId, DonorId, Kind, Severity, At, Care, VoidedAt is null ? "recorded" : "entered-in-error", VoidReason, VoidedAt, VoidedBy, VoidedAt is null ? ["void"] : []);
    }
}
