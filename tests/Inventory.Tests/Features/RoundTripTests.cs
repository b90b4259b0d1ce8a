using BloodPlatform.Chassis;
using Npgsql;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>A request that writes costs at most two round trips to the database: what it reads; what it writes, with the commit.</summary>
public sealed class RoundTripTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    [Fact]
    public async Task No_request_costs_more_than_two()
    {
        var settings = new NpgsqlConnectionStringBuilder(service.Database.Service("inventory"));
        await using var line = new TcpProxy(settings.Host!, settings.Port);
        (settings.Port, settings.MaxPoolSize, settings.SslMode) = (line.Port, 1, SslMode.Disable);
        var counted = await ServiceUnderTest.Start("inventory", Program.Create, database: service.Database, tokens: service.Tokens, migrate: false, settings: [.. InventoryService.Settings, "--ConnectionStrings:Service=" + settings.ConnectionString]);
        try
        {
            var station = new Station(service);
            var hospital = Some.Id();
            HttpClient As(string staff, string function) => counted.As(Roles.Station, station.Id, staff, function);
            async Task Costs<T>(int most, Func<Task<T>> prepare, Func<T, Task<Answer>> call) =>
                Assert.InRange(await line.Least(prepare, async with => Assert.InRange((await call(with)).Status, 200, 202)), 1, most);
            async Task<(string, Guid)> Ordered()
            {
                var din = await station.Released();
                return (din, (await service.As(Roles.Hospital, hospital).Post("/v1/orders", Station.Order(station.Id))).Id);
            }

            await Costs(2, () => Task.FromResult(0), _ => counted.As(Roles.Station, station.Id).Post("/v1/din-blocks", new { count = 2 }, Some.Key()));
            await Costs(2, () => station.Collected(), din => As("L1", "laboratory").Post("/v1/test-runs", new { runId = Some.Key(), instrument = "X", controlsValid = true, rows = Station.Rows(din, reactive: "hbsag") }, Some.Key()));
            await Costs(2, () => station.Collected(), din => As("P1", "processing").Post($"/v1/donations/{din}/components", new { recipe = "red-cells-and-plasma" }, Some.Key()));
            await Costs(2, async () => { var din = await station.Releasable(); await service.Seal("donor"); await station.Sign(din, station.ReleaserA); return din; }, din => station.Sign(din, As("R2", "release")));
            await Costs(2, () => station.Released(), _ => counted.As(Roles.Hospital, hospital).Post("/v1/orders", Station.Order(station.Id), Some.Key()));
            await Costs(2, Ordered, o => As("I1", "issue").Post($"/v1/orders/{o.Item2}/issue", null, Some.Key()));
            await Costs(2, Ordered, o => counted.As(Roles.Hospital, hospital).Post($"/v1/orders/{o.Item2}/allocate", null, Some.Key()));
            await Costs(2, Ordered, o => counted.As(Roles.Hospital, hospital).Post($"/v1/orders/{o.Item2}/cancel", null, Some.Key()));
            await Costs(2, async () => { var din = await station.Releasable(); return (await station.Client.Post($"/v1/units/{await station.UnitOf(din)}/hold", new { kind = "quality" }))["holds"][0].GetProperty("id").GetGuid() is var hold && (await station.As("Q2", "quality").Post($"/v1/holds/{hold}/lift", new { reason = "looked at" })).Status == 202 ? hold : default; },
                hold => As("Q1", "quality").Post($"/v1/holds/{hold}/lift", new { reason = "looked at" }, Some.Key()));
            Task<Answer> LookBack(HttpClient by, string din) => by.Post("/v1/lookbacks", new { din, reason = "post-donation-information" }, Some.Key());
            await Costs(2, () => station.Collected(), din => LookBack(As("Q1", "quality"), din));
            await Costs(2, async () => (await LookBack(station.Quality, await station.Collected())).Id, id => As("Q2", "quality").Post($"/v1/lookbacks/{id}/close", new { conclusion = "undetermined" }, Some.Key()));
        }
        finally { await counted.Stop(); }
    }
}
