using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <param name="Count">How many bags were counted; another number than travelled is refused: say which arrived.</param>
/// <param name="Units">Those that arrived; what is not among them is held, until somebody has found out. All when absent.</param>
public sealed record ReceiveOrderRequest([property: Range(0, 1000)] int? Count = null, [property: MinLength(1), MaxLength(1000)] Guid[]? Units = null);

/// <summary>POST /v1/orders/{id}/receive: the hospital has the bags, and has counted them. What did not arrive stays issued and is held; it may still be received later.</summary>
public static class ReceiveOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/orders/{id:guid}/receive", Handle).Allow("orders", Roles.Hospital).WithSummary("The hospital received the issued bags, all or those it names");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(Guid id, ReceiveOrderRequest? request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
        {
            if ((await OrderFile.Load(tx, $"o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant }, forUpdate: true)).SingleOrDefault() is not { } order) return await tx.Unknown("inventory.hospital_order", id);
            var row = order.Row;
            if (row.Status != "issued") return Problems.OrderState.With($"It is {row.Status}");
            // A bag that was transfused before anybody confirmed its receipt stays transfused.
            var onTheWay = order.Lines.Where(l => l.Status == "issued").ToList();
            FieldError[] strange = [.. (request?.Units ?? []).Index().Where(u => onTheWay.TrueForAll(l => l.UnitId != u.Item)).Select(u => new FieldError($"/units/{u.Index}", "unknown", "Not on its way to you in this order"))];
            if (strange.Length > 0) return CommonProblems.Invalid.With(null, strange);
            var arrived = request?.Units is { } named ? onTheWay.Where(l => named.Contains(l.UnitId)).ToList() : onTheWay;
            if (request?.Count is { } count && count != arrived.Count) return Problems.CountDiffers.With($"{arrived.Count} bags, {count} counted", [.. onTheWay.Select(l => new FieldError($"/lines/{l.UnitId}", "on_its_way", $"{l.Din} {l.Component}"))]);

            var missing = onTheWay.Except(arrived).ToList();
            UnitRow[] toHold = [.. missing.Where(l => l.OpenHolds == 0).Select(l => new UnitRow { Id = l.UnitId, Din = l.Din })];
            HoldUnit.Place(tx, toHold, "quality", "did not arrive", caller);
            IssueOrder.Move(tx, order, arrived, "received", missing.Count > 0 ? "issued" : "received", caller, (line, version) => new UnitReceived
            {
                Key = line.Din, Version = version, OccurredAt = tx.Now, StationId = line.StationId, UnitId = line.UnitId, Din = line.Din, DonorId = line.DonorId, Component = line.Component,
                BloodGroup = line.BloodGroup, VolumeMl = line.VolumeMl, ContentU = line.ContentU, HospitalId = row.HospitalId,
            });
            return Answers.Ok(row.Version, order.View(vault, caller));
        }, ct);
}
