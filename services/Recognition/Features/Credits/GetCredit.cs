using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Recognition.Features.Credits;

/// <summary>GET /v1/credits/{id}</summary>
public static class GetCredit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/credits/{id:guid}", Handle)
        .Allow("recognitions", Roles.Station)
        .WithSummary("A credit line");

    private static async Task<Results<Ok<CreditView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<CreditView>($"select {CreditView.Columns} from recognition.credit where id = @id and station_id = @station", new { id, station = caller.Tenant }, ct) is { } credit
            ? TypedResults.Ok(credit) : await db.Unknown("recognition.credit", id, ct);
}
