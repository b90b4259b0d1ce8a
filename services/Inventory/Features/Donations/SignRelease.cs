using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Donations;

/// <summary>A first signature: one more, by somebody else, releases.</summary>
public sealed record SignaturesView(int Signatures);

/// <summary>
/// POST /v1/donations/{din}/release-signatures: the signer says that he has seen bag and label. The second one releases.
/// </summary>
public static class SignRelease
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donations/{din}/release-signatures", Handle)
        .Allow("inventory", Roles.Station).ByStaff("release").NeedsIdempotencyKey()
        .WithSummary("Signs the release of a donation; the second person's signature releases it");

    private static async Task<Results<Made<DonationView>, Accepted<SignaturesView>, ProblemHttpResult>> Handle(string din, Caller caller, Database db, CancellationToken ct)
    {
        if (Din.Parse(din) is not { } number) return Problems.DinInvalid.With();
        return await db.InTransaction<Results<Made<DonationView>, Accepted<SignaturesView>, ProblemHttpResult>>(async tx =>
        {
            var files = await DonationFile.Load(tx, [number.Text], caller.Tenant, forUpdate: true);
            if (files.ByDin.GetValueOrDefault(number.Text) is not { Arrived: true } file) return CommonProblems.NotFound.With();
            var (signatures, no) = Sign(tx, file, files, caller);
            if (no is not null) return no.ToProblem();
            return signatures == 1 ? TypedResults.Accepted((string?)null, new SignaturesView(1)) : Answers.Ok(file.Row.Version, file.View(tx.Now));
        }, ct);
    }

    /// <summary>One signature under the donation's lock: the rule, the freshness of what Donor knows, and the release when it is the second.</summary>
    internal static (int Signatures, Rejection? No) Sign(Transaction tx, DonationFile file, Files files, Caller caller)
    {
        var signer = caller.Staff!;
        var (signatures, no) = Release.Sign(file.ReleaseState, signer.Id, tx.Now);
        if (no is not null) return (0, no);
        // A withdrawal that Donor has committed and this service has not seen must not be overtaken.
        if (files.StaleDonors.Contains(file.Row.PersonId!.Value)) return (0, Problems.DonorFactsStale.Because());

        tx.Write("insert into inventory.release_signature (din, staff_id, staff_number, signed_at) values (@Din, @Id, @Number, @now)", new { file.Din, signer.Id, signer.Number, now = tx.Now });
        file.Signers.Add(signer.Id);
        tx.Audit("release.sign", $"/v1/donations/{file.Din}", new { signatures });
        if (signatures == 2) ReleaseUnits(tx, file, caller);
        file.Save(tx);
        return (signatures, null);
    }

    private static void ReleaseUnits(Transaction tx, DonationFile file, Caller caller)
    {
        var row = file.Row;
        (row.Status, row.ReleasedAt) = ("available", tx.Now);
        var released = file.Units.Where(u => u.Status == "quarantine" && u.ExpiresAt >= tx.Now).ToArray();
        var ids = released.Select(u => u.Id).ToArray();
        tx.Moved(ids, "released", "available", caller);
        tx.Write("update inventory.unit set status = 'available', version = version + 1 where id = any(@ids) and status = 'quarantine'", new { ids }, rows: ids.Length);
        foreach (var unit in released)
        {
            unit.Status = "available";
            file.Append(tx, version => new UnitReleased
            {
                Key = file.Din, Version = version, OccurredAt = tx.Now, StationId = row.StationId, UnitId = unit.Id, Din = file.Din, DonorId = row.DonorId!.Value,
                Component = unit.Component, BloodGroup = unit.BloodGroup!, VolumeMl = unit.VolumeMl, ContentU = unit.ContentU,
            });
        }
        file.Append(tx, version => new DonationReleased { Key = file.Din, Version = version, OccurredAt = tx.Now, StationId = row.StationId, Din = file.Din, DonorId = row.DonorId!.Value });
    }
}
