using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace BloodPlatform.Donors.Features.DonorCards;

/// <summary>What a digital donor card shows. No name: the app that shows it knows its donor.</summary>
/// <param name="Number">Twelve digits that are his alone and say nothing of him. A station finds him by them (POST /v1/donors/search).</param>
/// <param name="BloodGroup">As a station found it at his last donation; what he said himself is not printed.</param>
/// <param name="Qr">Opaque: only this platform knows whose it is, and a station finds him by it.</param>
public sealed record CardView(Guid DonorId, string Number, string? BloodGroup, int Donations, int VolumeMl, int TreatmentUnits, DateOnly? FirstOn, DateOnly? LastOn, string Qr);

/// <summary>GET /v1/donors/{id}/card</summary>
public static class GetCard
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donors/{id:guid}/card", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("The data of a digital donor card");

    private static async Task<Results<Ok<CardView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct)
    {
        try { return await Card(id, caller, db, vault, books, ct); }
        catch (PostgresException e) when (e.ConstraintName is "card_once" or "card_number_once") { return await Card(id, caller, db, vault, books, ct); } // a twin was first, with this donor or with this number: now it is known
    }

    private static async Task<Results<Ok<CardView>, ProblemHttpResult>> Card(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<CardView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, sums, allotted) = await tx.Read(DonorFile.Unlocked + $"""
                select count(*)::int as donations, coalesce(sum(collected_ml), 0)::int as volume_ml, coalesce(sum(treatment_units), 0)::int as treatment_units, min(donated_on) as first_on, max(donated_on) as last_on,
                       (select v.blood_group from donor.visit v where v.donor_id = any({DonorFile.IdsOf}) and v.din is not null and v.blood_group is not null
                          and not exists (select from donor.visit_void w where w.visit_id = v.id) and not exists (select from donor.donation_correction c where c.din = v.din and c.kind = 'voided') order by v.opened_at desc limit 1) as blood_group
                from donor.donation_as_it_stands where donor_id = any({DonorFile.IdsOf}) and not voided;
                select number from donor.card where donor_id = {DonorFile.PersonOf}
                """, new { donorId = id }, async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleAsync<SumRow>(), await grid.ReadSingleOrDefaultAsync<string>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            if (caller.Is(Roles.Station)) tx.Audit("donor.card", $"donors/{id}");
            var hash = vault.BlindIndex("card", donor.PersonId.ToString());
            var number = allotted ?? await Allot(tx, vault, donor.PersonId, hash);
            return TypedResults.Ok(new CardView(donor.PersonId, number, sums.BloodGroup, sums.Donations, sums.VolumeMl, sums.TreatmentUnits, sums.FirstOn, sums.LastOn, CardNumber.Code(hash)));
        }, ct);

    private static async Task<string> Allot(Transaction tx, Vault vault, Guid personId, byte[] hash)
    {
        var candidates = CardNumber.Candidates(hash);
        var taken = await tx.Query<string>("select number from donor.card where number = any(@candidates)", new { candidates });
        var number = candidates.Except(taken).FirstOrDefault() ?? throw new InvalidOperationException("four numbers of a card are taken: of a million million there must be others");
        tx.Write("insert into donor.card (donor_id, number, code_index, allotted_at) values (@personId, @number, @code, @now)", new { personId, number, code = DonorIndexes.Card(vault, CardNumber.Code(hash)), now = tx.Now });
        return number;
    }

    private sealed record SumRow(int Donations, int VolumeMl, int TreatmentUnits, DateOnly? FirstOn, DateOnly? LastOn, string? BloodGroup);
}
