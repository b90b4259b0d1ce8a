using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.DonorDuplicates;

/// <param name="ReasonCode">`documents-differ`: both were seen; `twins`; `shared-phone`; `asked`: both say so.</param>
public sealed record DismissDuplicateRequest(Guid First, Guid Second, [property: AllowedValues("documents-differ", "twins", "shared-phone", "asked")] string ReasonCode);

/// <summary>Two registrations that look like one person are two.</summary>
public sealed record DismissalView(Guid Id, Guid First, Guid Second, string ReasonCode, DateTimeOffset DismissedAt, Guid DismissedBy);

/// <summary>
/// POST /v1/donor-duplicates/dismissals: two candidates are two persons. They are proposed no more until it is undone, by DELETE or because the two are merged after all.
/// </summary>
public static class DismissDuplicate
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/donor-duplicates/dismissals", Handle).Allow("donors", Roles.Station).ByStaff("registrar", "physician").Creates().WithSummary("Two candidates are two different people");
        app.MapGet("/v1/donor-duplicates/dismissals/{id:guid}", Get).Allow("donors", Roles.Station).WithSummary("That two candidates are two different people");
        app.MapDelete("/v1/donor-duplicates/dismissals/{id:guid}", Undo).Allow("donors", Roles.Station).ByStaff("registrar", "physician").WithSummary("The two are candidates again");
    }

    private static async Task<Results<Made<DismissalView>, ProblemHttpResult>> Handle(DismissDuplicateRequest request, Caller caller, Database db, CancellationToken ct)
    {
        if (request.First == request.Second) return CommonProblems.Invalid.With(null, new FieldError("/second", "invalid", "Another donor than the first"));
        return await db.InTransaction<Results<Made<DismissalView>, ProblemHttpResult>>(async tx =>
        {
            var rows = await tx.Query<CandidateRow>("""
                select id, phone_birth_index, name_birth_index, status,
                       exists (select from donor.tombstone_claim a join donor.tombstone_claim b on b.tombstone_id = a.tombstone_id where donor.person_of(a.claimant_id) = @First and donor.person_of(b.claimant_id) = @Second) as same_erased
                from donor.donor where id in (@First, @Second) order by id for update
                """, request);
            if (rows.Count < 2) return CommonProblems.Unknown(rows.Exists(r => r.Id == request.First) ? request.Second : request.First);
            var (first, second) = (rows[0], rows[1]);
            if (rows.Exists(r => r.Status != "active") || !(first.SameErased || Same(first.PhoneBirthIndex, second.PhoneBirthIndex) || Same(first.NameBirthIndex, second.NameBirthIndex))) return Problems.NoDuplicates.With();
            var view = new DismissalView(tx.NewId(), first.Id, second.Id, request.ReasonCode, tx.Now, caller.Staff!.Id);
            tx.Write("insert into donor.duplicate_dismissal (id, first_id, second_id, reason_code, dismissed_at, dismissed_by) values (@Id, @First, @Second, @ReasonCode, @DismissedAt, @DismissedBy)", view);
            tx.Audit("donor.duplicate-dismiss", $"donors/{first.Id}", new { second = second.Id, request.ReasonCode });
            return Answers.Created($"/v1/donor-duplicates/dismissals/{view.Id}", 1, view);
        }, ct);
    }

    private static async Task<Results<Made<DismissalView>, ProblemHttpResult>> Get(Guid id, Database db, CancellationToken ct) =>
        await db.QuerySingle<DismissalView>("select id, first_id as first, second_id as second, reason_code, dismissed_at, dismissed_by from donor.duplicate_dismissal where id = @id and undone_at is null", new { id }, ct) is { } view
            ? Answers.Ok(1, view) : await db.Unknown("donor.duplicate_dismissal", id, ct);

    private static async Task<Results<NoContent, ProblemHttpResult>> Undo(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<NoContent, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<UndoRow>("select first_id, second_id, undone_at from donor.duplicate_dismissal where id = @id for update", new { id }) is not { } row) return CommonProblems.Unknown(id);
            if (row.UndoneAt is not null) return Problems.DismissalUndone.With();
            tx.Write("update donor.duplicate_dismissal set undone_at = @now, undone_by = @by where id = @id", new { id, now = tx.Now, by = caller.Staff!.Id });
            tx.Audit("donor.duplicate-undismiss", $"donors/{row.FirstId}", new { second = row.SecondId });
            return TypedResults.NoContent();
        }, ct);

    private static bool Same(byte[]? one, byte[]? other) => one is not null && other is not null && one.AsSpan().SequenceEqual(other);

    private sealed record CandidateRow(Guid Id, byte[]? PhoneBirthIndex, byte[]? NameBirthIndex, string Status, bool SameErased);

    private sealed record UndoRow(Guid FirstId, Guid SecondId, DateTimeOffset? UndoneAt);
}
