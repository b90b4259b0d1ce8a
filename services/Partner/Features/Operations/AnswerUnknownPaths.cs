using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Routing.Template;

namespace BloodPlatform.Partners.Features.Operations;

/// <summary>
/// The gateway sends here whatever belongs to nobody: 404 as a problem document, not a demand for a token; 405 where the path is
/// known and the method is not (a catch-all would otherwise hide it).
/// </summary>
public static class AnswerUnknownPaths
{
    public static void Map(IEndpointRouteBuilder app) => app.Map("/{**path}", (HttpContext http, EndpointDataSource endpoints) =>
    {
        var methods = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<HttpMethodMetadata>() is not null && new TemplateMatcher(new RouteTemplate(e.RoutePattern), []).TryMatch(http.Request.Path, []))
            .SelectMany(e => e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods).Distinct().ToList();
        if (methods.Count == 0 || methods.Contains(http.Request.Method)) return CommonProblems.NotFound.With();
        http.Response.Headers.Allow = string.Join(", ", methods);
        return CommonProblems.MethodNotAllowed.With();
    }).WithOrder(int.MaxValue).Public();
}
