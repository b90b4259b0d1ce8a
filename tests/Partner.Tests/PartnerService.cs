using System.Net.Http.Headers;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Partners.Tests;

/// <summary>One Partner service for the feature tests of this project: real HTTP, real PostgreSQL.</summary>
public sealed class PartnerService : IAsyncLifetime
{
    public ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await ServiceUnderTest.Start("partner", Program.Create);

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}

[CollectionDefinition(nameof(OnePartner))]
public sealed class OnePartner : ICollectionFixture<PartnerService>;

/// <summary>What a test says to the service in a line.</summary>
internal static class Says
{
    public static HttpClient Admin(this ServiceUnderTest service) => service.As(Roles.Admin);

    /// <summary>An organisation as Event would announce it.</summary>
    public static async Task<Guid> Organisation(this ServiceUnderTest service, string kind, string district = "440703", Guid? below = null)
    {
        var id = Some.Id();
        await service.Deliver(Facts.Of<OrganisationRegistered>(id.ToString(), 1, ("OrganisationId", id), ("Kind", kind), ("District", district), ("Path", below is { } parent ? new[] { parent, id } : [id]), ("Status", "active")));
        return id;
    }

    /// <summary>A client made through the API: its id and secret.</summary>
    public static async Task<(string Id, string Secret)> Client(this ServiceUnderTest service, string role, Guid? tenant = null, string[]? districts = null, string[]? scopes = null)
    {
        var made = await service.Admin().Post("/v1/clients", new { name = "test " + role, role, tenantId = tenant, districts, scopes });
        Assert.True(made.Status == 201, made.ToString());
        return (made.Text("clientId"), made.Text("clientSecret"));
    }

    /// <summary>POST /oauth/token with the given form.</summary>
    public static async Task<Answer> Token(this ServiceUnderTest service, params (string Name, string Value)[] form) => await Send(service, form, null);

    /// <summary>POST /oauth/token with HTTP Basic.</summary>
    public static async Task<Answer> TokenByBasic(this ServiceUnderTest service, string basic, params (string Name, string Value)[] form) => await Send(service, form, basic);

    private static async Task<Answer> Send(ServiceUnderTest service, (string Name, string Value)[] form, string? basic)
    {
        using var http = service.Anonymous();
        var request = new HttpRequestMessage(HttpMethod.Post, "/oauth/token") { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        if (basic is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(basic)));
        var response = await http.SendAsync(request);
        return new Answer((int)response.StatusCode, System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement, response);
    }

    /// <summary>A second process of the same service. Stop its App; its database is the first one's.</summary>
    public static Task<ServiceUnderTest> Replica(this ServiceUnderTest service) => ServiceUnderTest.Start("partner", Program.Create, database: service.Database, tokens: service.Tokens);

    /// <summary>Every row of every table of the schema, as text (bytea as hex).</summary>
    public static async Task<string> Dump(this ServiceUnderTest service)
    {
        var tables = await service.Database.Query<string>("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'partner'");
        var rows = new System.Text.StringBuilder();
        foreach (var table in tables) foreach (var row in await service.Database.Query<string>($"select t::text from {table} t")) rows.AppendLine(row);
        return rows.ToString();
    }
}
