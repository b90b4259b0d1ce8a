using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.LateInformation;

/// <summary>What a donor tells afterwards; both may be left out, because holding the bags must never wait for words.</summary>
/// <param name="Code">A deferral of the rule set, where one fits.</param>
public sealed record LateInformationRequest([property: StringLength(40, MinimumLength = 1)] string? Code = null, [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <param name="DeferralId">Null where the key of an erased donor is destroyed: what remains of him is deferred, for whoever comes with his document.</param>
/// <param name="Dins">The donations that were withdrawn.</param>
public sealed record LateInformationView(Guid DonorId, Guid? DeferralId, IReadOnlyList<string> Dins);

/// <summary>
/// POST /v1/donors/{id}/late-information: withdraws what he gave, and defers him until a physician has looked. Of an erased donor whose key is destroyed
/// the bags are held all the same; the words are not kept, for nothing is left to seal them with.
/// </summary>
public static class RecordLateInformation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/late-information", Handle)
        .Allow("donors", Roles.Station).WithSummary("A donor calls back: his bags are held");

    private static async Task<Results<Ok<LateInformationView>, ProblemHttpResult>> Handle(Guid id, LateInformationRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<LateInformationView>, ProblemHttpResult>>(async tx =>
        {
            if (await DonorFile.Lock(tx, vault, books, id) is not { } donor) return await OfErased(id, request, tx, vault, books);
            var rules = donor.Book.Near(Shanghai.DateOf(tx.Now));
            if (request.Code is { } code && rules.Find(code) is not { Kind: "deferral" }) return Problems.DeferralCodeUnknown.With(null, new FieldError("/code", "deferral_code_unknown", $"No deferral of {rules.Code} {rules.Version}"));

            var deferralId = donor.Defer(tx, new DeferralFact(request.Code ?? "LATE_INFORMATION", Shanghai.DateOf(tx.Now), null), "provisional", "late-information", rules, caller.Staff?.Id, request.Note);
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("donor.late-information", $"donors/{id}", new { deferralId, donations = donor.Given.Count });
            return TypedResults.Ok(new LateInformationView(id, deferralId, [.. donor.Given.Select(d => d.Din)]));
        }, ct);

    private static async Task<Results<Ok<LateInformationView>, ProblemHttpResult>> OfErased(Guid id, LateInformationRequest request, Transaction tx, Vault vault, RuleBooks books)
    {
        var (donors, remains, given, book) = await tx.Read($"""
            select id, version from donor.donor where id = any({DonorFile.IdsOf}) and status = 'erased' order by id for update;
            {Tombstone.OfPerson}
            select din, donor_id, station_id, "on" from donor.counted where donor_id = any({DonorFile.IdsOf}) and din is not null order by din;
            {RuleBooks.Position}
            """, new { donorId = id }, async grid => ((await grid.ReadAsync<ErasedRow>()).ToDictionary(d => d.Id, d => d.Version), await grid.ReadSingleOrDefaultAsync<TombstoneRow>(), (await grid.ReadAsync<GivenDonation>()).ToList(),
                await books.At(await grid.ReadSingleAsync<long>())));
        if (donors.Count == 0 || remains is null) return CommonProblems.Unknown(id); // nobody, or nothing of his is in anybody's store
        var rules = book.Near(Shanghai.DateOf(tx.Now));
        if (request.Code is { } code && rules.Find(code) is not { Kind: "deferral" }) return Problems.DeferralCodeUnknown.With(null, new FieldError("/code", "deferral_code_unknown", $"No deferral of {rules.Code} {rules.Version}"));

        foreach (var donation in given) DonorFile.Withdraw(tx, donation.Din, donation.StationId, donation.DonorId, ++donors[donation.DonorId]);
        foreach (var one in given.Select(d => d.DonorId).Distinct()) tx.Write("update donor.donor set version = @version where id = @one", new { one, version = donors[one] });
        Tombstone.Add(tx, vault, remains, [new DeferralFact(request.Code ?? "LATE_INFORMATION", Shanghai.DateOf(tx.Now), null)]);
        tx.Audit("donor.late-information", $"donors/{id}", new { donations = given.Count });
        return TypedResults.Ok(new LateInformationView(id, null, [.. given.Select(d => d.Din)]));
    }

    private sealed record ErasedRow(Guid Id, long Version);
}
