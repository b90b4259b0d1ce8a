using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Deviations;

/// <param name="Description">What happened, in words; sealed.</param>
/// <param name="Place">The code of a place of storage. Whatever it concerns may be named, all of the station.</param>
public sealed record OpenDeviationRequest(
    [property: AllowedValues("identification", "labelling", "temperature", "equipment", "material", "testing", "processing", "delivery", "stock-count", "documentation", "other")] string Kind,
    [property: AllowedValues("minor", "major", "critical")] string Severity,
    [property: StringLength(400, MinimumLength = 1)] string Description,
    DateTimeOffset OccurredAt,
    [property: StringLength(20)] string? Din = null,
    Guid? UnitId = null,
    Guid? TestRunId = null,
    Guid? OrderId = null,
    [property: StringLength(40)] string? Place = null);

/// <summary>POST /v1/deviations: whoever of the staff sees that something went otherwise than it should says so. It holds nothing by itself: what is in doubt is held by its own call.</summary>
public static class OpenDeviation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/deviations", Handle).Allow("inventory", Roles.Station).ByStaff("laboratory", "processing", "release", "issue", "quality").Creates().WithSummary("Records a deviation");

    private static async Task<Results<Made<DeviationView>, ProblemHttpResult>> Handle(OpenDeviationRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DeviationView>, ProblemHttpResult>>(async tx =>
        {
            if (request.OccurredAt > tx.Now) return Problems.PerformedInFuture.With(null, new FieldError("/occurredAt", "in_future", "It lies in the future"));
            var din = request.Din is null ? null : Din.Parse(request.Din)?.Text;
            var known = (await tx.QuerySingle<Known>("""
                select exists (select from inventory.donation d where d.din = @din and d.station_id = @Tenant) as din, exists (select from inventory.unit u where u.id = @UnitId and u.station_id = @Tenant) as unit_id,
                       exists (select from inventory.test_run t where t.id = @TestRunId and t.station_id = @Tenant) as test_run_id, exists (select from inventory.hospital_order o where o.id = @OrderId and o.station_id = @Tenant) as order_id,
                       exists (select from inventory.storage_place p where p.station_id = @Tenant and p.code = @Place) as place
                """, new { caller.Tenant, din, request.UnitId, request.TestRunId, request.OrderId, request.Place }))!;
            FieldError[] unknown = [.. new[] { ("/din", request.Din is not null, known.Din), ("/unitId", request.UnitId is not null, known.UnitId), ("/testRunId", request.TestRunId is not null, known.TestRunId), ("/orderId", request.OrderId is not null, known.OrderId), ("/place", request.Place is not null, known.Place) }
                .Where(n => n.Item2 && !n.Item3).Select(n => new FieldError(n.Item1, "unknown", "Not of this station"))];
            if (unknown.Length > 0) return CommonProblems.Invalid.With(null, unknown);

            var id = tx.NewId();
            var key = vault.CreateKey(tx, id);
            var row = new DeviationRow
            {
                Id = id, Version = 1, StationId = caller.Tenant, Kind = request.Kind, Severity = request.Severity, Din = din, UnitId = request.UnitId, TestRunId = request.TestRunId, OrderId = request.OrderId, Place = request.Place,
                Description = key.Seal(DeviationRow.DescriptionField, request.Description), OccurredAt = request.OccurredAt, OpenedAt = tx.Now, OpenedBy = caller.Staff!.Id,
            };
            tx.Write("""
                insert into inventory.deviation (id, version, station_id, kind, severity, din, unit_id, test_run_id, order_id, place, description, occurred_at, opened_at, opened_by)
                values (@Id, @Version, @StationId, @Kind, @Severity, @Din, @UnitId, @TestRunId, @OrderId, @Place, @Description, @OccurredAt, @OpenedAt, @OpenedBy)
                """, new { row.Id, row.Version, row.StationId, row.Kind, row.Severity, row.Din, row.UnitId, row.TestRunId, row.OrderId, row.Place, row.Description, row.OccurredAt, row.OpenedAt, row.OpenedBy });
            tx.Audit("deviation.open", $"/v1/deviations/{id}", new { request.Kind, request.Severity });
            return Answers.Created($"/v1/deviations/{id}", 1, row.View(key));
        }, ct);

    private sealed record Known
    {
        public bool Din { get; init; }
        public bool UnitId { get; init; }
        public bool TestRunId { get; init; }
        public bool OrderId { get; init; }
        public bool Place { get; init; }
    }
}
