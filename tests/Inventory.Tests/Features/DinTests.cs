using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class DinTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    [Fact]
    public async Task A_block_is_issued_announced_and_read_back()
    {
        var station = new Station(service);
        var drive = Some.Id();
        var block = await station.Client.Post("/v1/din-blocks", new { count = 3, year = 2011, driveId = drive });
        Assert.Equal(201, block.Status);
        Assert.Equal(["A999911000001", "A999911000002", "A999911000003"], block["dins"].EnumerateArray().Select(d => d.GetString()));
        Assert.Equal(("A999911000001", "A999911000003"), (block.Text("first"), block.Text("last")));
        var announced = Assert.Single(await service.Published<DinBlockIssued>(), e => e.BlockId == block.Id);
        Assert.Equal(("A999911000001", "A999911000003", 3, station.Id, drive), (announced.First, announced.Last, announced.Count, announced.StationId, announced.DriveId));

        Assert.Equal(block.Body.ToString(), (await station.Client.Get($"/v1/din-blocks/{block.Id}")).Body.ToString());
        var next = await station.Client.Post("/v1/din-blocks", new { count = 1, year = 2011 });
        Assert.Equal("A999911000004", next.Text("first"));
    }

    [Fact]
    public async Task Twenty_blocks_at_once_share_no_number()
    {
        var station = new Station(service);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => station.Client.Post("/v1/din-blocks", new { count = 50, year = 2012 })));
        var dins = answers.SelectMany(a => a["dins"].EnumerateArray().Select(d => d.GetString()!)).ToList();
        Assert.Equal(1000, dins.Count);
        Assert.Equal(1000, dins.Distinct().Count());
        Assert.Equal((1, 1000), (dins.Min(d => Din.Parse(d)!.Value.Number), dins.Max(d => Din.Parse(d)!.Value.Number)));
    }

    [Fact]
    public async Task An_exhausted_year_says_so_and_takes_nothing()
    {
        var station = new Station(service);
        await station.Dins(1, 2013);
        await service.Database.Execute("update inventory.din_sequence set next = 999998 where yy = 13");
        var tooMany = await station.Client.Post("/v1/din-blocks", new { count = 3, year = 2013 });
        Assert.Equal((409, "din_sequence_exhausted"), (tooMany.Status, tooMany.Code));
        Assert.Equal(["A999913999998", "A999913999999"], await station.Dins(2, 2013));
        Assert.Equal("din_sequence_exhausted", (await station.Client.Post("/v1/din-blocks", new { count = 1, year = 2013 })).Code);
    }

    [Theory]
    [InlineData("""{"count":0}""", 422, "invalid_value")]
    [InlineData("""{"count":1001}""", 422, "invalid_value")]
    [InlineData("""{"count":1,"year":1999}""", 422, "invalid_value")]
    [InlineData("""{"count":1,"year":2098}""", 422, "din_year_not_open")]
    [InlineData("""{"count":"many"}""", 400, "malformed_request")]
    [InlineData("""{"count":1""", 400, "malformed_request")]
    public async Task A_senseless_block_is_refused_and_nothing_is_written(string body, int status, string code)
    {
        var station = new Station(service);
        var answer = await station.Client.PostRaw("/v1/din-blocks", body);
        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.din_block where station_id = @Id", new { station.Id }));
    }

    [Fact]
    public async Task A_number_is_issued_then_used_or_foreign()
    {
        var station = new Station(service);
        var din = (await station.Dins(1))[0];
        var issued = await station.Client.Get($"/v1/dins/{din}");
        Assert.Equal((200, din, Din.Parse(din)!.Value.CheckCharacter.ToString(), "issued"), (issued.Status, issued.Text("din"), issued.Text("checkCharacter"), issued.Text("status")));
        await service.Deliver(station.Collection(din));
        Assert.Equal("used", (await station.Client.Get($"/v1/dins/{din}{Din.Parse(din)!.Value.CheckCharacter}")).Text("status"));
        async Task<string> Of(string din) => await station.Client.Get($"/v1/dins/{din}") is var d ? $"{d.Text("status")} {d["facilityKnown"].GetBoolean()}" : "";
        Assert.Equal(["foreign True", "foreign True", "foreign False"], [await Of("G123417654321A"), await Of("C0003070014666"), await Of("A999820123456E")]);
        Assert.Equal("foreign False", await Of("NA999914123456")); // typed in a circle: mod 37-2 can't see it, the list of facilities can
        Assert.Equal([true, false], (await station.Client.Post("/v1/scans/resolve", new { scans = new[] { "=G12341765432100", "=A99982012345600" } }))["scans"].EnumerateArray().Select(s => s.GetProperty("facilityKnown").GetBoolean()));
    }

    [Theory]
    [InlineData("A999915123456N")]
    [InlineData("C0003070013666")]
    [InlineData("hello")]
    public async Task A_wrong_number_is_din_invalid(string din)
    {
        var station = new Station(service);
        Assert.Equal((422, "din_invalid"), (await station.Client.Get($"/v1/dins/{din}")) is var a ? (a.Status, a.Code) : default);
        Assert.Equal("din_invalid", (await station.Donation(din)).Code);
        Assert.Equal("din_invalid", (await station.Client.Get($"/v1/traces/{din}")).Code);
        Assert.Equal("din_invalid", (await station.Components(din)).Code);
        Assert.Equal("din_invalid", (await station.Sign(din, station.ReleaserA)).Code);
    }

    [Fact]
    public async Task A_block_of_another_station_is_unknown()
    {
        var station = new Station(service);
        var block = await station.Client.Post("/v1/din-blocks", new { count = 1 });
        var old = Some.OldId(); // a fresh id would be waited for
        await service.Database.Execute("update inventory.din_block set id = @old where id = @Id", new { old, block.Id });
        Assert.Equal(200, (await station.Client.Get($"/v1/din-blocks/{old}")).Status);
        Assert.Equal(404, (await new Station(service).Client.Get($"/v1/din-blocks/{old}")).Status);
    }
}
