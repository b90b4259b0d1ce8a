using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Tests.Features;

[Collection(nameof(OnePartner))]
public sealed class AuditTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    [Fact]
    public async Task An_operator_reads_all_an_authority_only_what_lies_in_its_districts()
    {
        var (near, far, unknown) = (await service.Organisation("blood-station", "440781"), await service.Organisation("blood-station", "440784"), Some.Id());
        foreach (var tenant in new[] { near, far, unknown })
            Assert.Equal(201, (await service.As(Roles.Station, tenant).Post("/v1/staff", new { staffNumber = "S1", name = "甲测试", functions = new[] { "issue" }, qualifiedUntil = "2030-01-01", pin = "246810" })).Status);

        Assert.Equal(3, (await Read(service.Admin(), "action=staff.register&limit=1000")).Count(t => t == near || t == far || t == unknown));
        using var authority = service.Anonymous();
        authority.DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(Roles.Authority, null, districts: "440781"));
        Assert.Equal([near], await Read(authority, ""));

        async Task<List<Guid?>> Read(HttpClient http, string query)
        {
            var page = await http.Get("/v1/audit?" + query);
            Assert.Equal(200, page.Status);
            return [.. page["items"].EnumerateArray().Select(i => i.GetProperty("tenantId").ValueKind == System.Text.Json.JsonValueKind.Null ? (Guid?)null : i.GetProperty("tenantId").GetGuid())];
        }
    }

    [Fact]
    public async Task Pages_go_back_in_time_without_a_gap()
    {
        for (var i = 0; i < 3; i++) await service.Client(Roles.Admin);
        var first = await service.Admin().Get("/v1/audit?limit=2&action=client.register");
        var second = await service.Admin().Get($"/v1/audit?limit=2&action=client.register&cursor={first.Text("next")}");
        var ids = first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).Select(i => i.GetProperty("id").GetGuid().ToString()).ToList();
        Assert.Equal(ids.OrderDescending(StringComparer.Ordinal), ids);
        Assert.True(ids.Distinct().Count() == ids.Count && ids.Count >= 3);
    }
}
