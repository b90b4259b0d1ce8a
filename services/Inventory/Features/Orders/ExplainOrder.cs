using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>GET /v1/orders/{id}/explanation: the bags taken and those passed over, and why, as it was when they were chosen.</summary>
public static class ExplainOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/orders/{id:guid}/explanation", Handle).Allow("orders", Roles.Hospital, Roles.Station).WithSummary("Why these bags and not others");

    private static async Task<Results<Ok<ExplanationView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<string>($"select o.explanation::text from inventory.hospital_order o where o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant }, ct) is { } explanation
            ? TypedResults.Ok(JsonSerializer.Deserialize<ExplanationView>(explanation, Json.Options)!) : await db.Unknown("inventory.hospital_order", id, ct);
}
