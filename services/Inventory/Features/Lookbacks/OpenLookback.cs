using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Lookbacks;

/// <param name="Din">A donation of the donor, as a person types it or a scanner reads it.</param>
/// <param name="Note">In words, sealed.</param>
public sealed record OpenLookbackRequest(
    [property: StringLength(16, MinimumLength = 1)] string Din,
    [property: AllowedValues("donor-reactive-later", "donor-seroconverted", "post-donation-information", "recipient-infection")] string Reason,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <summary>
/// POST /v1/lookbacks (domain rules 3.4, steps 1 and 2): by one of its donations a station looks back on a donor. All that he gave is listed, under whichever
/// of his ids and at whichever station, and what may still reach a patient is held, in this transaction. What arrives or is merged while the case is open is held too.
/// </summary>
public static class OpenLookback
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/lookbacks", Handle)
        .Allow("inventory", Roles.Station).ByStaff("quality", "physician").Creates().WithSummary("Opens a look-back: what the donor gave is listed, and held where it is in date");

    private static async Task<Results<Made<LookbackView>, ProblemHttpResult>> Handle(OpenLookbackRequest request, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if (Din.Parse(request.Din) is not { } number) return Problems.DinInvalid.With(null, new FieldError("/din", "din_invalid", "Not a donation number"));
        return await db.InTransaction<Results<Made<LookbackView>, ProblemHttpResult>>(async tx =>
        {
            // The lock on the person's rows lets one opening through at a time, and no collection, result or merge of his meanwhile.
            var files = await DonationFile.Load(tx, [number.Text], caller.Tenant, forUpdate: true, others: true, historic: true);
            if (files.ByDin.GetValueOrDefault(number.Text) is not { Arrived: true } named) return Problems.DinUnknown.With("No donation of this station has this number", new FieldError("/din", "din_unknown", "Unknown"));
            if (named.Row.VoidedAt is not null) return Problems.DonationVoided.With("Name a donation that is surely his");
            if (files.Lookbacks.Find(l => l.StationId == caller.Tenant) is { } open)
            {
                var problem = Problems.LookbackOpen.With();
                problem.ProblemDetails.Extensions["lookbackId"] = open.Id;
                return problem;
            }

            var id = tx.NewId();
            var key = vault.CreateKey(tx, id);
            var row = new LookbackRow
            {
                Id = id, Version = 1, DonorId = named.Row.DonorId!.Value, Din = named.Din, StationId = caller.Tenant, Reason = request.Reason, Note = request.Note is { } note ? key.Seal(LookbackRow.NoteField, note) : null,
                OpenedAt = tx.Now, OpenedBy = caller.Staff!.Id,
            };
            tx.Write("""
                insert into inventory.lookback (id, version, donor_id, din, station_id, reason, note, opened_at, opened_by)
                values (@Id, @Version, @DonorId, @Din, @StationId, @Reason, @Note, @OpenedAt, @OpenedBy)
                """, row);
            files.Lookbacks.Add(row);
            files.HoldForLookbacks(tx, named.Row.PersonId!.Value, caller);
            var held = files.ByDin.Values.Count(f => f.Changed);
            DonationFile.Save(tx, files.ByDin.Values.Where(f => f.Changed));
            tx.Append(new LookbackOpened { Key = id.ToString(), Version = 1, OccurredAt = tx.Now, StationId = caller.Tenant, LookbackId = id, DonorId = row.DonorId, Din = row.Din });
            tx.Audit("lookback.open", $"/v1/lookbacks/{id}", new { row.Din, row.Reason, held });
            return Answers.Created($"/v1/lookbacks/{id}", 1, row.View(files, key, tx.Now));
        }, ct);
    }
}
