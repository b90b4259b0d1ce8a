using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>What giving did to the donor (WS/T 551-2017). The note is sealed.</summary>
public sealed record ReactionRequest(
    [property: AllowedValues("vasovagal", "haematoma", "citrate", "allergic", "arterial-puncture", "nerve", "other")] string Kind,
    [property: AllowedValues("mild", "moderate", "severe")] string Severity,
    DateTimeOffset? At = null,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null);

public sealed record ReactionView(Guid Id, Guid VisitId, Guid DonorId, string Kind, string Severity, DateTimeOffset At);

/// <summary>POST /v1/visits/{id}/reactions, at any time: some come at home. Above the first age limit it ends giving, so the windows follow.</summary>
public static class RecordReaction
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/visits/{id:guid}/reactions", Handle).Allow("visits", Roles.Station).Creates().WithSummary("Records a donor's reaction");
        app.MapGet("/v1/visits/{id:guid}/reactions/{reactionId:guid}", Get).Allow("visits", Roles.Station).WithSummary("A donor's reaction");
    }

    private static async Task<Results<Made<ReactionView>, ProblemHttpResult>> Handle(Guid id, ReactionRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReactionView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            var at = request.At ?? (visit.Row.Backfilled ? visit.Row.LastAt : tx.Now);
            if (at > tx.Now + VisitSteps.Tolerance || at < visit.Row.OpenedAt - VisitSteps.Tolerance) return Problems.TimeOutOfOrder.With(null, new FieldError("/at", "time_out_of_order", "Before the visit, or in the future"));
            var (donor, reactionId) = (visit.Donor, tx.NewId());
            tx.Write("insert into donor.reaction (id, visit_id, donor_id, kind, severity, at, note, recorded_at) values (@reactionId, @id, @donorId, @Kind, @Severity, @at, @note, @now)",
                new { reactionId, id, donorId = donor.Id, request.Kind, request.Severity, at, note = request.Note is null ? null : donor.Key.Seal("reaction_note", request.Note), now = tx.Now });
            visit.Announce(tx, new DonorReactionRecorded { Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = at, ReactionId = reactionId, DonorId = donor.Id, VisitId = id, Severity = request.Severity });
            var on = Shanghai.DateOf(at);
            donor.Facts = donor.Facts with { FirstReaction = donor.Facts.FirstReaction is { } first && first < on ? first : on };
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            return Answers.Created($"/v1/visits/{id}/reactions/{reactionId}", 1, new ReactionView(reactionId, id, donor.Id, request.Kind, request.Severity, at));
        }, ct);

    private static async Task<Results<Made<ReactionView>, ProblemHttpResult>> Get(Guid id, Guid reactionId, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<ReactionView>("""
            select r.id, r.visit_id, r.donor_id, r.kind, r.severity, r.at from donor.reaction r join donor.visit v on v.id = r.visit_id where r.id = @reactionId and v.id = @id and v.station_id = @station
            """, new { id, reactionId, station = caller.Tenant }, ct) is { } reaction ? Answers.Ok(1, reaction) : CommonProblems.NotFound.With();
}
