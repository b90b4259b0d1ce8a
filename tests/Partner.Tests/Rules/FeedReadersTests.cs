using System.Text.Json.Nodes;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;

namespace BloodPlatform.Partners.Tests.Rules;

public sealed class FeedReadersTests
{
    [Fact]
    public void An_unknown_role_reads_nothing() => Assert.All(EventTypes.All, e => Assert.False(FeedReaders.MayRead("somebody", e.Type.Name)));

    [Theory]
    [InlineData("LookbackOpened")]
    [InlineData("RecallClosed")]
    [InlineData("RosterChanged")]
    [InlineData("DonationVoided")]
    [InlineData("UnitDiscarded")]
    public void What_is_the_stations_alone_stays_so_also_before_its_contract_exists(string name)
    {
        Assert.True(FeedReaders.MayRead(Roles.Station, name) && FeedReaders.MayRead(Roles.Admin, name));
        Assert.All([Roles.Authority, Roles.Organiser, Roles.App, Roles.Hospital], role => Assert.False(FeedReaders.MayRead(role, name)));
    }

    [Fact]
    public void No_field_that_names_a_donor_survives_however_deep()
    {
        var donor = Some.Id().ToString();
        var data = (JsonObject)JsonNode.Parse($$"""
            { "key": "{{donor.ToUpperInvariant()}}", "donorId": "{{donor}}", "survivorDonorId": "s", "absorbed": ["a"], "din": "A999926000001", "donorOrganisationId": "o",
              "reasonCode": "ill", "bloodGroup": null, "rows": [{ "donor": "x", "about": "{{donor}}", "ml": 400 }, "{{donor}}", "kept"] }
            """)!;
        Assert.Equal("""{"din":"A999926000001","donorOrganisationId":"o","reasonCode":"ill","bloodGroup":null,"rows":[{"ml":400},"kept"]}""", FeedReaders.WithoutDonors(data, [donor]).ToJsonString());
    }
}
