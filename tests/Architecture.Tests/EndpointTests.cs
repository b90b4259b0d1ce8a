using System.Text.Json;
using System.Text.RegularExpressions;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Architecture.Tests;

[Collection("platform")]
public sealed class EndpointTests(Platform platform)
{
    private IEnumerable<RouteEndpoint> Endpoints(string service) => platform.Services[service].App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    [Theory, MemberData(nameof(Platform.Names), MemberType = typeof(Platform))]
    public void Every_endpoint_states_its_policy(string service)
    {
        var endpoints = Endpoints(service).ToList();
        Assert.NotEmpty(endpoints);
        Assert.Empty(endpoints.Where(e => e.Metadata.GetMetadata<AccessRule>() is null && e.Metadata.GetMetadata<IAllowAnonymous>() is null).Select(e => e.RoutePattern.RawText));
        Assert.All(endpoints.Select(e => e.Metadata.GetMetadata<AccessRule>()).OfType<AccessRule>(), rule =>
        {
            Assert.NotEmpty(rule.Roles);
            Assert.Subset(Roles.All.ToHashSet(), rule.Roles.ToHashSet());
            Assert.Subset(TokenIssuer.AllScopes.Split(' ').ToHashSet(), rule.Scope.Split(' ').ToHashSet());
        });
    }

    /// <summary>The gateway knows services by the first segments of a path: a call that it sends elsewhere does not exist for anybody outside.</summary>
    [Theory, MemberData(nameof(Platform.Names), MemberType = typeof(Platform))]
    public void The_gateway_sends_each_call_to_its_service(string service)
    {
        var map = Regex.Match(File.ReadAllText(Path.Combine(Platform.Root(), "deploy/nginx/http.conf")), @"map \$uri \$service \{(.*?)\n\}", RegexOptions.Singleline).Groups[1].Value;
        var ways = Regex.Matches(map, "\"~(\\^/v1/.*?)\" ([a-z]+);").Select(m => (Path: new Regex(m.Groups[1].Value), Service: m.Groups[2].Value)).ToList();
        Assert.Equal(4, ways.Count);
        var paths = Endpoints(service).Select(e => "/" + Regex.Replace(e.RoutePattern.RawText!.TrimStart('/'), @"\{[^}]*\}", "x")).Where(path => path.StartsWith("/v1/", StringComparison.Ordinal)).Distinct().ToList();
        Assert.NotEmpty(paths);
        Assert.DoesNotContain(paths, path => (ways.Find(w => w.Path.IsMatch(path)).Service ?? "partner") != service);
    }

    /// <summary>What is open to everybody is a short list, and somebody has read it.</summary>
    [Fact]
    public void Only_these_are_public()
    {
        var open = Platform.Programs.Keys.SelectMany(Endpoints).Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            .Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/')).Distinct().Order(StringComparer.Ordinal);
        Platform.IsCheckedIn("docs/public-endpoints.txt", string.Join('\n', open));
    }

    [Theory, MemberData(nameof(Platform.Names), MemberType = typeof(Platform))]
    public async Task The_API_description_is_checked_in(string service)
    {
        var description = await platform.Services[service].Anonymous().GetStringAsync($"/openapi/{service}.json");
        using var json = JsonDocument.Parse(description);
        Assert.NotEmpty(json.RootElement.GetProperty("paths").EnumerateObject());
        // OpenAPI 3, Components Object: generators stumble over any other name.
        Assert.All(json.RootElement.GetProperty("components").GetProperty("schemas").EnumerateObject(), schema => Assert.Matches("^[a-zA-Z0-9._-]+$", schema.Name));
        Platform.IsCheckedIn($"docs/openapi/{service}.json", description);
    }

    [Fact]
    public void The_catalogue_of_problems_is_checked_in_and_a_code_means_one_thing()
    {
        var lists = Platform.Programs.Keys.SelectMany(name => platform.Services[name].App.Services.GetRequiredService<ServiceDefinition>().Assembly.GetTypes()
                .Where(t => t.Name == "Problems").SelectMany(ProblemCatalogue.In).Select(code => (Service: name, Code: code)))
            .Concat(ProblemCatalogue.In(typeof(CommonProblems)).Select(code => (Service: "all", Code: code)))
            .GroupBy(c => c.Code.Code).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        Assert.All(lists, same => Assert.Single(same.Select(s => s.Code.Status).Distinct()));
        Assert.All(lists, same => Assert.Matches("^[a-z]+(_[a-z]+)*$", same.Key));
        Platform.IsCheckedIn("docs/problem-types.json", JsonSerializer.Serialize(lists.Select(same => new
        {
            code = same.Key, status = same.First().Code.Status, titleZh = same.First().Code.Zh, titleEn = same.First().Code.En, services = same.Select(s => s.Service).Distinct(),
        }), new JsonSerializerOptions(Json.Options) { WriteIndented = true }));
    }

    /// <summary>The framework's generated validation looks into lists, not into arrays: an array of records would go unchecked.</summary>
    [Fact]
    public void No_request_has_an_array_of_records()
    {
        var arrays = Platform.Programs.Keys.SelectMany(name => platform.Services[name].App.Services.GetRequiredService<ServiceDefinition>().Assembly.GetTypes())
            .Where(t => t.Name.EndsWith("Request", StringComparison.Ordinal)).SelectMany(t => t.GetProperties())
            .Where(p => p.PropertyType.IsArray && p.PropertyType.GetElementType() is { IsPrimitive: false } element && element.Namespace?.StartsWith("BloodPlatform", StringComparison.Ordinal) == true)
            .Select(p => $"{p.DeclaringType!.Name}.{p.Name}");
        Assert.Empty(arrays);
    }

    [Theory, MemberData(nameof(Platform.Names), MemberType = typeof(Platform))]
    public async Task Without_a_token_every_protected_endpoint_answers_401_and_nothing_else(string service)
    {
        using var http = platform.Services[service].Anonymous();
        foreach (var endpoint in Endpoints(service).Where(e => e.Metadata.GetMetadata<AccessRule>() is not null))
        {
            var path = "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(s => string.Concat(s.Parts.Select(p => p is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content
                : p is Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart ? Some.OldId().ToString() : ""))));
            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0];
            using var answer = await http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "GET" ? null : new StringContent("{}", System.Text.Encoding.UTF8, "application/json") });
            Assert.True((int)answer.StatusCode == 401, $"{method} {path} answers {(int)answer.StatusCode}");
        }
    }
}
