using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Partners.Tests.Rules;

public sealed class ScopesTests
{
    [Fact]
    public void Every_role_has_scopes_and_every_scope_a_role()
    {
        Assert.All(Roles.All, role => Assert.NotEmpty(Scopes.Of(role)));
        Assert.Equal(TokenIssuer.AllScopes.Split(' ').Order(StringComparer.Ordinal), Scopes.All);
    }

    [Fact]
    public void A_grant_is_never_more_than_the_client_has() => Prop.ForAll<string[]>(asked =>
    {
        string[] has = ["drives", "events"];
        var granted = Scopes.Grant(has, string.Join(' ', asked.Select(a => a ?? "")));
        return granted is null || granted.All(has.Contains);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(null, "drives events")]
    [InlineData("events", "events")]
    [InlineData("events events  drives", "events drives")]
    [InlineData("events clients", null)]
    [InlineData("  ", null)]
    public void What_is_asked_for_is_granted_whole_or_not_at_all(string? asked, string? granted) =>
        Assert.Equal(granted, Scopes.Grant(["drives", "events"], asked) is { } scopes ? string.Join(' ', scopes) : null);
}
