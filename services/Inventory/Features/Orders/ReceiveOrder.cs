using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>POST /v1/orders/{id}/receive: the hospital has the bags.</summary>
public static class ReceiveOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/orders/{id:guid}/receive", Handle).Allow("orders", Roles.Hospital).WithSummary("The hospital received the issued bags");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
        {
            if ((await OrderFile.Load(tx, $"o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant }, forUpdate: true)).SingleOrDefault() is not { } order) return await tx.Unknown("inventory.hospital_order", id);
            if (order.Row.Status != "issued") return Problems.OrderState.With($"It is {order.Row.Status}");
            // A bag that was transfused before anybody confirmed its receipt stays transfused.
            var received = new OrderFile { Row = order.Row, Lines = [.. order.Lines.Where(l => l.Status == "issued")], StaleDonors = [] };
            IssueOrder.Move(tx, received, "received", caller, (line, version) => new UnitReceived
            {
                Key = line.Din, Version = version, OccurredAt = tx.Now, StationId = line.StationId, UnitId = line.UnitId, Din = line.Din, DonorId = line.DonorId, Component = line.Component,
                BloodGroup = line.BloodGroup!, VolumeMl = line.VolumeMl, ContentU = line.ContentU, HospitalId = order.Row.HospitalId,
            });
            return Answers.Ok(order.Row.Version, order.View(vault, caller));
        }, ct);
}
