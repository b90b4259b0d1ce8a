using BloodPlatform.Chassis;
using Npgsql;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>Whether somebody may give costs at most three round trips to the database, whoever asks, whatever is known of him and for whichever day; who he is costs one.</summary>
public sealed class RoundTripTests(DonorService donors)
{
    private readonly ServiceUnderTest service = donors.Service;

    private static readonly DateOnly Today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task An_exact_search_is_one_round_trip_with_its_record()
    {
        var station = new SomeStation(service);
        var phone = $"139{System.Security.Cryptography.RandomNumberGenerator.GetInt32(100_000_000):D8}";
        Assert.Equal(201, (await station.Client.Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone, consents = new[] { "registration" } })).Status);
        var (counted, line) = await Counted();
        await using (line)
        {
            try
            {
                var caller = counted.As(Roles.Station, station.Id);
                Assert.Equal(1, await line.Least(async () => Assert.Single((await caller.Post("/v1/donors/search", new { phone }))["items"].EnumerateArray())));
            }
            finally { await counted.Stop(); }
        }
    }

    /// <summary>The service over a line whose round trips are counted.</summary>
    private async Task<(ServiceUnderTest Service, TcpProxy Line)> Counted()
    {
        var settings = new NpgsqlConnectionStringBuilder(service.Database.Service("donor"));
        var line = new TcpProxy(settings.Host!, settings.Port);
        (settings.Port, settings.MaxPoolSize, settings.SslMode) = (line.Port, 4, SslMode.Disable);
        return (await ServiceUnderTest.Start("donor", Program.Create, database: service.Database, tokens: service.Tokens, migrate: false, settings: "--ConnectionStrings:Service=" + settings.ConnectionString), line);
    }

    [Fact]
    public async Task The_eligibility_answer_costs_no_more_than_three()
    {
        var (station, app) = (new SomeStation(service), Some.Id());
        async Task<Guid> OfApp()
        {
            var made = await service.As(Roles.App, app).Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000001", consents = new[] { "registration" } });
            Assert.Equal(201, made.Status);
            return made.Id;
        }
        var (fresh, full, absorbed, survivor) = (await OfApp(), await OfApp(), await OfApp(), await OfApp());
        // One of whom every kind of fact is known, and one who was registered twice.
        await station.VisitAt("completed", full);
        await station.Backfill(full, TimeProvider.System.GetUtcNow().AddYears(-1), (await station.Dins())[0], procedure: "apheresis-platelets");
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{full}/deferrals", new { code = "T14", from = Today })).Status);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{full}/deferrals", new { code = "T20", from = Today })).Status);
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason = "同一人，两次登记" })).Status);

        var (counted, line) = await Counted();
        await using var closed = line;
        try
        {
            string[] days = ["", $"asOf={Today.AddYears(-3):O}", $"asOf={Today.AddMonths(9):O}", "asOf=2022-01-01", $"asOf={Today.AddYears(80):O}"];
            string[] procedures = ["", "procedure=whole-blood&volumeMl=300", "procedure=apheresis-platelets"];
            var costs = new List<string>();
            foreach (var (who, caller) in new[] { ("station", counted.As(Roles.Station, station.Id)), ("physician", counted.As(Roles.Station, station.Id, "P1", "physician")), ("app", counted.As(Roles.App, app)) })
                foreach (var donor in new[] { fresh, full, absorbed, survivor })
                    foreach (var day in who == "app" ? ["", $"asOf={Today.AddMonths(9):O}"] : days)
                        foreach (var procedure in procedures)
                            costs.Add($"{who}: {await line.Least(async () => Assert.Equal(200, (await caller.Get($"/v1/donors/{donor}/eligibility?{procedure}&{day}")).Status))}");
            Assert.Equal(144, costs.Count);
            // Read; then the end, and with it the record of what was read of him. An app's answer leaves no record.
            Assert.Equal(["app: 2", "physician: 2", "station: 2"], costs.Distinct().Order(StringComparer.Ordinal));
        }
        finally { await counted.Stop(); }
    }
}
