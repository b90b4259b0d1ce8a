using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;

namespace BloodPlatform.Partners.Tests.Rules;

public sealed class RegistrationTests
{
    [Theory]
    [InlineData(Roles.Station, true, false, null)]
    [InlineData(Roles.Station, false, false, "/tenantId required")]
    [InlineData(Roles.Organiser, false, false, "/tenantId required")]
    [InlineData(Roles.App, false, false, "/tenantId required")]
    [InlineData(Roles.Hospital, false, false, "/tenantId required")]
    [InlineData(Roles.Hospital, true, true, "/districts not_allowed")]
    [InlineData(Roles.Authority, false, true, null)]
    [InlineData(Roles.Authority, false, false, "/districts required")]
    [InlineData(Roles.Authority, true, true, "/tenantId not_allowed")]
    [InlineData(Roles.Admin, false, false, null)]
    [InlineData(Roles.Admin, true, false, "/tenantId not_allowed")]
    public void A_role_has_a_tenant_or_districts_or_neither(string role, bool tenant, bool districts, string? wrong)
    {
        var (scopes, rejection) = Registration.Check(role, tenant ? Some.Id() : null, districts ? ["440703"] : null, null);
        Assert.Equal(wrong, rejection is null ? null : string.Join(", ", rejection.Errors.Select(e => $"{e.Pointer} {e.Code}")));
        Assert.Equal(wrong is null ? Scopes.Of(role) : [], scopes);
    }

    [Fact]
    public void Everything_that_is_wrong_is_named_at_once()
    {
        var (_, rejection) = Registration.Check(Roles.Authority, Some.Id(), ["440703", "Jiangmen"], ["audit", "donors"]);
        Assert.Equal(["/tenantId", "/districts/1", "/scopes/1"], rejection!.Errors.Select(e => e.Pointer));
    }

    [Theory]
    [InlineData(Roles.Station, "blood-station", true)]
    [InlineData(Roles.Station, "hospital", false)]
    [InlineData(Roles.Hospital, "hospital", true)]
    [InlineData(Roles.Hospital, "university", false)]
    [InlineData(Roles.Organiser, "village", true)]
    [InlineData(Roles.App, "partner-app", true)]
    public void Clinical_roles_go_to_clinical_organisations(string role, string kind, bool fits) => Assert.Equal(fits, Registration.Fits(role, kind));
}
