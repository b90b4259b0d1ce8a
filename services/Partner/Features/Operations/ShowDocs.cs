using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Features.Operations;

/// <summary>GET /docs: one Swagger UI for the descriptions of all five services, which the gateway serves under one address.</summary>
public static class ShowDocs
{
    private static readonly string[] Services = ["donor", "event", "inventory", "recognition", "partner"];

    public static void Map(IEndpointRouteBuilder app) => app.MapSwaggerUI("docs", ui =>
    {
        ui.DocumentTitle = "Blood platform";
        foreach (var service in Services) ui.SwaggerEndpoint($"/openapi/{service}.json", service);
    }).Public();
}
