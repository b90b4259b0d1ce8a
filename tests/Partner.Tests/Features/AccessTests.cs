using System.Net.Http.Headers;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Routing;

namespace BloodPlatform.Partners.Tests.Features;

/// <summary>Every endpoint of this service that is not public, met without a token, without the scope and in every wrong role.</summary>
[Collection(nameof(OnePartner))]
public sealed class AccessTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    [Fact]
    public async Task Every_guarded_endpoint_demands_token_role_and_scope_and_writes_nothing_without()
    {
        var guarded = ((IEndpointRouteBuilder)service.App).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<AccessRule>() is not null)
            .Select(e => (Rule: e.Metadata.GetMetadata<AccessRule>()!, Method: e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0], Path: e.RoutePattern.RawText!.Replace("{id:guid}", Some.OldId().ToString(), StringComparison.Ordinal))).ToList();
        Assert.Equal(12, guarded.Count);
        var before = await service.Database.Scalar<long>("select count(*) from partner.audit");

        foreach (var (rule, method, path) in guarded)
        {
            Assert.Equal((401, "token_required"), await Call(method, path, null));
            Assert.Equal((401, "token_required"), await Call(method, path, "nonsense"));
            Assert.Equal((401, "token_required"), await Call(method, path, service.Tokens.Client(rule.Roles[0], Some.Id(), expires: TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-1))));
            Assert.Equal((403, "scope_required"), await Call(method, path, service.Tokens.Client(rule.Roles[0], Some.Id(), TokenIssuer.AllScopes.Replace(rule.Scope, "", StringComparison.Ordinal))));
            foreach (var role in Roles.All.Except(rule.Roles).Append("king")) Assert.Equal((403, "role_forbidden"), await Call(method, path, service.Tokens.Client(role, Some.Id())));
        }
        Assert.Equal(before, await service.Database.Scalar<long>("select count(*) from partner.audit"));
    }

    private async Task<(int, string?)> Call(string method, string path, string? token)
    {
        using var http = service.Anonymous();
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var answer = method switch { "POST" => await http.Post(path), "PATCH" => await http.Patch(path, new { }), _ => await http.Get(path) };
        return (answer.Status, answer.Code);
    }
}
