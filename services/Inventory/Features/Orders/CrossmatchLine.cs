using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

public sealed record CrossmatchRequest([property: AllowedValues("compatible", "incompatible")] string Result, DateTimeOffset? PerformedAt = null);

/// <summary>POST /v1/orders/{id}/lines/{unitId}/crossmatch: an order for a patient is issued only with compatible bags.</summary>
public static class CrossmatchLine
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/orders/{id:guid}/lines/{unitId:guid}/crossmatch", Handle).Allow("orders", Roles.Hospital).WithSummary("Records the crossmatch of a reserved bag");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(Guid id, Guid unitId, CrossmatchRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
        {
            if (request.PerformedAt > tx.Now.AddMinutes(5)) return Problems.PerformedInFuture.With(null, new FieldError("/performedAt", "in_future", "It lies in the future"));
            if ((await OrderFile.Load(tx, $"o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant }, forUpdate: true)).SingleOrDefault() is not { } order) return await tx.Unknown("inventory.hospital_order", id);
            if (order.Lines.Find(l => l.UnitId == unitId) is not { } line) return CommonProblems.Unknown(unitId);
            if (line.Status != "reserved") return Problems.OrderState.With($"The unit is {line.Status}");
            tx.Write("update inventory.order_line set crossmatch = @Result, crossmatch_at = @at where order_id = @id and unit_id = @unitId and dropped_at is null", new { request.Result, at = request.PerformedAt ?? tx.Now, id, unitId });
            tx.Write("update inventory.hospital_order set version = version + 1 where id = @id and version = @Version", new { id, order.Row.Version });
            tx.Audit("order.crossmatch", $"/v1/orders/{id}", new { unitId, request.Result });
            line.Crossmatch = request.Result;
            return Answers.Ok(order.Row.Version + 1, order.View(vault, caller));
        }, ct);
}
