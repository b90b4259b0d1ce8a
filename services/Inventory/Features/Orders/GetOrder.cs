using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>GET /v1/orders/{id}: the hospital that placed it, and the station that serves it.</summary>
public static class GetOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/orders/{id:guid}", Handle).Allow("orders", Roles.Hospital, Roles.Station).WithSummary("An order with its lines");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
            (await OrderFile.Load(tx, $"o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant })).SingleOrDefault() is { } order
                ? Answers.Ok(order.Row.Version, order.View(vault, caller)) : await tx.Unknown("inventory.hospital_order", id), ct);
}
