using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Donations;

/// <summary>A recipe, or the bags one by one.</summary>
/// <param name="At">When they were made, for what is recorded afterwards.</param>
public sealed record MakeComponentsRequest(
    [property: StringLength(80)] string? Recipe = null,
    [property: MaxLength(10)] IReadOnlyList<ComponentRequest>? Components = null,
    DateTimeOffset? At = null,
    [property: StringLength(80, MinimumLength = 1)] string? BackfillReason = null);

/// <param name="VolumeMl">As weighed; the usual yield when absent.</param>
public sealed record ComponentRequest([property: StringLength(80, MinimumLength = 1)] string Component, [property: Range(1, 1000)] int? VolumeMl = null);

public sealed record MadeComponentsView(string Din, UnitView[] Units);

/// <summary>POST /v1/donations/{din}/components</summary>
public static class MakeComponents
{
    // The bags of a donation that was recorded afterwards may be recorded by a quality person too.
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donations/{din}/components", Handle)
        .Allow("inventory", Roles.Station).ByStaff("processing", "quality").Creates()
        .WithSummary("Makes the bags of a donation, once");

    private static async Task<Results<Made<MadeComponentsView>, ProblemHttpResult>> Handle(string din, MakeComponentsRequest request, Caller caller, Database db, CancellationToken ct)
    {
        if (Din.Parse(din) is not { } number) return Problems.DinInvalid.With();
        if ((request.Recipe is null) == (request.Components is not { Count: > 0 }))
            return CommonProblems.Invalid.With(null, new FieldError("/recipe", "invalid", "Either recipe or components"));
        return await db.InTransaction<Results<Made<MadeComponentsView>, ProblemHttpResult>>(async tx =>
        {
            var file = (await DonationFile.Load(tx, [number.Text], caller.Tenant, forUpdate: true)).ByDin.GetValueOrDefault(number.Text);
            if (file is not { Arrived: true }) return CommonProblems.NotFound.With();
            var row = file.Row;
            if (row.VoidedAt is not null) return Problems.DonationVoided.With();
            // Live bags are the processing staff's; a live donation's bags with a time of their own are backfill and quality's; a historic donation's are either's.
            var afterwards = row.Backfilled || request.At is not null;
            string[] functions = row.Backfilled ? ["processing", "quality"] : afterwards ? ["quality"] : ["processing"];
            if (!functions.Any(caller.Staff!.Has)) return CommonProblems.StaffFunctionRequired.With($"One of: {string.Join(", ", functions)}");
            if (request.At is not null && request.BackfillReason is null) return Problems.BackfillReasonRequired.With();
            var producedAt = request.At ?? (row.Backfilled ? row.EndedAt!.Value : tx.Now);
            if (producedAt > tx.Now) return Problems.PerformedInFuture.With(null, new FieldError("/at", "in_future", "It lies in the future"));
            if (producedAt < row.StartedAt) return CommonProblems.Invalid.With(null, new FieldError("/at", "before_collection", "It lies before the collection"));
            if (row.ComponentsAt is not null) return Problems.ComponentsMade.With();

            var rules = Parameters.ComponentsOn(Shanghai.DateOf(row.StartedAt!.Value));
            var wanted = request.Recipe is { } recipe ? ComponentMaking.OfRecipe(rules, recipe) : [.. request.Components!.Select(c => new WantedComponent(c.Component, c.VolumeMl))];
            if (wanted is null) return CommonProblems.Invalid.With(null, new FieldError("/recipe", "invalid", "One of " + string.Join(", ", rules.Recipes.Select(r => r.Code))));
            var source = new Source(row.Procedure!, row.NominalMl, row.CollectedMl, row.TreatmentUnits, row.Preservative, row.Restrictions, row.StartedAt.Value, row.EndedAt!.Value, row.Outcome!);
            var (made, no) = ComponentMaking.Make(rules, source, wanted, producedAt);
            if (no is not null) return no.ToProblem();

            foreach (var component in made!)
            {
                var unit = new UnitRow
                {
                    Id = tx.NewId(), Version = 1, Din = file.Din, StationId = row.StationId, Component = component.Component, ProductCode = component.ProductCode, Division = component.Division, BloodGroup = row.BloodGroup,
                    ContentU = component.ContentU, TreatmentUnits = component.TreatmentUnits, VolumeMl = component.VolumeMl, CollectedAt = row.StartedAt.Value, ProducedAt = producedAt, ExpiresAt = component.ExpiresAt,
                    Status = row.Backfilled ? "historic" : "quarantine", OpenHolds = row.OpenHolds,
                };
                file.Units.Add(unit);
                tx.Write("""
                    insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, content_u, treatment_units, volume_ml, collected_at, produced_at, expires_at, status, open_holds)
                    values (@Id, @Version, @Din, @StationId, @Component, @ProductCode, @Division, @BloodGroup, @ContentU, @TreatmentUnits, @VolumeMl, @CollectedAt, @ProducedAt, @ExpiresAt, @Status, @OpenHolds)
                    """, unit);
            }
            tx.Moved([.. file.Units.Select(u => u.Id)], "made", null, caller, at: producedAt, code: request.Recipe);
            row.ComponentsAt = tx.Now;
            file.Save(tx);
            tx.Audit("components.make", $"/v1/donations/{file.Din}", new { units = file.Units.Count, backfilled = afterwards });
            return Answers.Created($"/v1/donations/{file.Din}", row.Version, new MadeComponentsView(file.Din, file.View(tx.Now).Units));
        }, ct);
    }
}
