using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Decisions;

/// <param name="Same">Whether the rules of then, asked again, say the same byte for byte.</param>
/// <param name="Reasons">For the station whose visit it was, never for the authority.</param>
public sealed record RerunView(Guid Id, Guid VisitId, string Step, DateOnly JudgedOn, RuleSetView RuleSet, DateTimeOffset RecordedAt, bool Same, IReadOnlyList<ReasonView>? Reasons);

/// <summary>
/// POST /v1/decisions/{id}/rerun: what was judged is judged again, by the same version of the rules on the same facts. Changes nothing.
/// The authority learns whether the platform still says what it said; why a donor was deferred it does not learn.
/// </summary>
public static class RerunDecision
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/decisions/{id:guid}/rerun", Handle)
        .Allow("rules", Roles.Station, Roles.Authority).IgnoresIdempotencyKey().WithSummary("Judges a recorded decision again");

    private static async Task<Results<Ok<RerunView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<RerunView>, ProblemHttpResult>>(async tx =>
        {
            var (row, position) = await tx.Read("""
                select c.id, c.donor_id, c.visit_id, c.step, c.judged_on, c.rule_set, c.rule_set_version, c.input, c.outcome, c.recorded_at, v.station_id, k.wrapped_key
                from donor.decision c join donor.visit v on v.id = c.visit_id join donor.subject_key k on k.subject_id = c.donor_id where c.id = @id;
                """ + RuleBooks.Position, new { id }, async grid => (await grid.ReadSingleOrDefaultAsync<Row>(), await grid.ReadSingleAsync<long>()));
            if (row is null) return CommonProblems.Unknown(id);
            if (caller.Is(Roles.Station) && row.StationId != caller.Tenant) return CommonProblems.NotFound.With();

            var key = vault.Unwrap(row.DonorId, row.WrappedKey);
            var book = await books.At(position);
            var rules = book.Version(row.RuleSet, row.RuleSetVersion);
            var kept = key.Open("decision_outcome", row.Outcome);
            var findings = Decision.Judge(book, rules, Decision.Input(key.Open("decision_input", row.Input)));
            var same = Decision.Text(findings) == kept;
            tx.Audit("decision.rerun", $"decisions/{id}", new { same });
            return TypedResults.Ok(new RerunView(id, row.VisitId, row.Step, row.JudgedOn, new(row.RuleSet, row.RuleSetVersion), row.RecordedAt, same,
                caller.Is(Roles.Station) ? [.. findings.Reasons.Select(r => ReasonView.Of(rules, r.Code, r.Rule, r.Until))] : null));
        }, ct);

    private sealed record Row(Guid Id, Guid DonorId, Guid VisitId, string Step, DateOnly JudgedOn, string RuleSet, string RuleSetVersion, byte[] Input, byte[] Outcome, DateTimeOffset RecordedAt, Guid StationId, byte[] WrappedKey);
}
