using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>GET /v1/orders: in the order in which they were placed.</summary>
public static class ListOrders
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/orders", Handle).Allow("orders", Roles.Hospital, Roles.Station).WithSummary("The hospital's own orders, or those the station serves");

    private static async Task<Results<Ok<Page<OrderView>>, ProblemHttpResult>> Handle(string? status, int? limit, string? cursor, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        return await db.InTransaction<Results<Ok<Page<OrderView>>, ProblemHttpResult>>(async tx =>
        {
            var rows = await OrderFile.Load(tx, $"{OrderFile.VisibleTo(caller)} and o.id > @after and (@status::text is null or o.status = @status) order by o.id limit @take + 1", new { caller.Tenant, after, status, take });
            var page = Page<OrderFile>.From(rows, take, o => o.Row.Id.ToString());
            return TypedResults.Ok(new Page<OrderView>([.. page.Items.Select(o => o.View(vault, caller))], page.Next));
        }, ct);
    }
}
