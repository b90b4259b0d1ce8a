using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.LateInformation;

/// <summary>What a donor tells afterwards; both may be left out, because holding the bags must never wait for words.</summary>
/// <param name="Code">A deferral of the rule set, where one fits.</param>
public sealed record LateInformationRequest([property: StringLength(40, MinimumLength = 1)] string? Code = null, [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <param name="Dins">The donations that were withdrawn.</param>
public sealed record LateInformationView(Guid DonorId, Guid DeferralId, IReadOnlyList<string> Dins);

/// <summary>POST /v1/donors/{id}/late-information: withdraws what he gave, and defers him until a physician has looked.</summary>
public static class RecordLateInformation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/late-information", Handle)
        .Allow("donors", Roles.Station).WithSummary("A donor calls back: his bags are held");

    private static async Task<Results<Ok<LateInformationView>, ProblemHttpResult>> Handle(Guid id, LateInformationRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<LateInformationView>, ProblemHttpResult>>(async tx =>
        {
            if (await DonorFile.Lock(tx, vault, books, id) is not { } donor) return CommonProblems.Unknown(id);
            var rules = donor.Book.Near(Shanghai.DateOf(tx.Now));
            if (request.Code is { } code && rules.Find(code) is not { Kind: "deferral" }) return Problems.DeferralCodeUnknown.With(null, new FieldError("/code", "deferral_code_unknown", $"No deferral of {rules.Code} {rules.Version}"));

            var deferralId = donor.Defer(tx, new DeferralFact(request.Code ?? "LATE_INFORMATION", Shanghai.DateOf(tx.Now), null), "provisional", "late-information", rules, caller.Staff?.Id, request.Note);
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("donor.late-information", $"donors/{id}", new { deferralId, donations = donor.Given.Count });
            return TypedResults.Ok(new LateInformationView(id, deferralId, [.. donor.Given.Select(d => d.Din)]));
        }, ct);
}
