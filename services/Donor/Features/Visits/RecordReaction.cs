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

public sealed record ReactionView(Guid Id, Guid VisitId, Guid DonorId, string Kind, string Severity, DateTimeOffset At, string[] Care);

/// <summary>POST /v1/visits/{id}/reactions, at any time: some come at home. Above the first age limit it ends giving, so the windows follow.</summary>
public static class RecordReaction
{
    private static readonly string[] Cares = ["observed", "laid-down", "fluids", "compression", "cold-compress", "calcium", "oxygen", "medication", "sent-to-hospital"];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/visits/{id:guid}/reactions", List).Allow("visits", Roles.Station).WithSummary("A visit's reactions");
        app.MapPost("/v1/visits/{id:guid}/reactions", Handle).Allow("visits", Roles.Station).Creates().WithSummary("Records a donor's reaction");
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
            tx.Write("insert into donor.reaction (id, visit_id, donor_id, kind, severity, at, note, care, recorded_at) values (@reactionId, @id, @donorId, @Kind, @Severity, @at, @note, @care, @now)",
                new { reactionId, id, donorId = donor.Id, request.Kind, request.Severity, at, care, note = request.Note is null ? null : donor.Key.Seal("reaction_note", request.Note), now = tx.Now });
            visit.Announce(tx, new DonorReactionRecorded { Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = at, ReactionId = reactionId, DonorId = donor.Id, VisitId = id, Severity = request.Severity });
            var on = Shanghai.DateOf(at);
            donor.Facts = donor.Facts with { FirstReaction = donor.Facts.FirstReaction is { } first && first < on ? first : on };
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            return Answers.Created($"/v1/visits/{id}/reactions/{reactionId}", 1, new ReactionView(reactionId, id, donor.Id, request.Kind, request.Severity, at, care));
        }, ct);

    private static async Task<Results<Made<ReactionView>, ProblemHttpResult>> Get(Guid id, Guid reactionId, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<ReactionView>("""
            select r.id, r.visit_id, r.donor_id, r.kind, r.severity, r.at, r.care from donor.reaction r join donor.visit v on v.id = r.visit_id where r.id = @reactionId and v.id = @id and v.station_id = @station
            """, new { id, reactionId, station = caller.Tenant }, ct) is { } reaction ? Answers.Ok(1, reaction) : CommonProblems.NotFound.With();

    private static async Task<Results<Ok<List<ReactionView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<ReactionView>>, ProblemHttpResult>>(async tx =>
        {
            var (own, reactions) = await tx.Read("""
                select station_id = @station from donor.visit where id = @id;
                select id, visit_id, donor_id, kind, severity, at, care from donor.reaction where visit_id = @id order by at, id
                """, new { id, station = caller.Tenant }, async grid => (await grid.ReadSingleOrDefaultAsync<bool?>(), (await grid.ReadAsync<ReactionView>()).ToList()));
            if (own is not true) return own is null ? CommonProblems.Unknown(id) : CommonProblems.NotFound.With();
            tx.Audit("reaction.read", $"visits/{id}");
            return TypedResults.Ok(reactions);
        }, ct);
}
