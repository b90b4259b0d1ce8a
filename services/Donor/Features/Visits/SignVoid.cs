using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="TrueDonorId">Whose visit it was, where who voided it did not know: what came of it, and what still comes, is his from now on. Can be named later too, once.</param>
public sealed record SignVoidRequest(Guid? TrueDonorId = null);

/// <summary>
/// POST /v1/visits/{id}/corrections/{correctionId}/sign: a physician, another one than who said that it was another donor's visit, ends what came of
/// it for who it was recorded under, as entered in error. Until then it holds; deferrals from elsewhere stay. A result that comes after the signature is kept as
/// entered in error at once, and made for the true donor where he is named; without one it waits until he is.
/// </summary>
public static class SignVoid
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/corrections/{correctionId:guid}/sign", Handle)
        .Allow("visits", Roles.Station).ByStaff("physician").WithSummary("A second person ends the deferrals of a visit that was another donor's");

    private static readonly string IdsOfDonor = DonorFile.IdsOf.Replace("@donorId", "(select donor_id from donor.visit where id = @id)", StringComparison.Ordinal);

    private static async Task<Results<Made<CorrectionView>, ProblemHttpResult>> Handle(Guid id, Guid correctionId, SignVoidRequest? request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CorrectionView>, ProblemHttpResult>>(async tx =>
        {
            var (found, arisen) = await VisitFile.Lock(tx, vault, books, id, ArisenDeferral.OfVisit + $"""
                select min(at) as at from donor.reaction_counted where donor_id = any({IdsOfDonor}) and visit_id is distinct from @id;
                select exists (select from donor.donor where id = @TrueDonorId) as known
                """, new { id, request?.TrueDonorId }, async grid => (Deferrals: (await grid.ReadAsync<ArisenDeferral>()).ToList(), Reaction: await grid.ReadSingleAsync<ReactionRow>(), TrueDonorKnown: await grid.ReadSingleAsync<bool>()));
            if (found is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant || visit.Void is not { } wrong || wrong.Id != correctionId) return CommonProblems.NotFound.With();
            var (donor, staff, today) = (visit.Donor, caller.Staff!.Id, Shanghai.DateOf(tx.Now));
            if (Correction.By(staff, visit.StaffOf(), wrong.RecordedBy) is { } same) return same.ToProblem();
            var open = arisen.Deferrals.FindAll(d => d.LiftedAt is null);
            if (request?.TrueDonorId is { } named && named != wrong.TrueDonorId)
            {
                if (wrong.TrueDonorId is not null) return CommonProblems.Invalid.With(null, new FieldError("/trueDonorId", "invalid", "Another is named"));
                if (!arisen.TrueDonorKnown) return CommonProblems.Unknown(named);
                if (donor.Includes(named)) return CommonProblems.Invalid.With(null, new FieldError("/trueDonorId", "invalid", "It is recorded under him"));
                tx.Write("insert into donor.visit_void_named (void_id, true_donor_id, named_at, named_by) values (@Id, @named, @now, @staff)", new { wrong.Id, named, now = tx.Now, staff });
                FollowVoid.Start(tx, wrong.Id);
                visit.Void = wrong with { TrueDonorId = named };
            }
            else if (open.Count == 0 && wrong.SignedBy is not null) return Problems.DeferralNotActive.With();

            if (wrong.SignedBy is null)
            {
                tx.Write("insert into donor.visit_void_signature (void_id, staff_id, signed_at) values (@Id, @staff, @now)", new { wrong.Id, staff, now = tx.Now });
                visit.Void = visit.Void with { SignedBy = staff, SignedAt = tx.Now };
            }
            foreach (var deferral in open)
            {
                var key = donor.KeyOf(deferral.DonorId);
                tx.Write("update donor.deferral set version = version + 1, lifted_at = @now, lifted_by = @staff, lift_reason = @reason, void_id = @voidId where id = @Id and lifted_at is null",
                    new { deferral.Id, now = tx.Now, staff, voidId = wrong.Id, reason = key.Seal("lift_reason", "entered-in-error") });
                tx.WriteAny("update donor.reentry_case set version = version + 1, status = 'void', closed_at = @now where deferral_id = @Id and status = 'open'", new { deferral.Id, now = tx.Now });
                donor.Lifted(new DeferralFact(key.Open("deferral_code", deferral.Code), deferral.StartsOn, deferral.EndsOn), today);
            }
            donor.Facts = donor.Facts with { FirstReaction = arisen.Reaction.At is { } at ? Shanghai.DateOf(at) : null };
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("visit.void-sign", $"visits/{id}", new { correctionId, ended = open.Select(d => d.Id) });
            return Answers.Ok(2, CorrectVisit.ViewOf(visit, visit.Corrections.Count - 1, [.. arisen.Deferrals.Select(d => d.LiftedAt is null ? d with { LiftedAt = tx.Now, VoidId = wrong.Id } : d)]));
        }, ct);

    private sealed record ReactionRow(DateTimeOffset? At);
}
