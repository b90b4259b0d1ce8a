using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Inventory.Tests;

/// <summary>A blood station with its staff, and the short ways to a donation in any state.</summary>
internal sealed class Station(ServiceUnderTest service)
{
    public static readonly string[] Markers = ["hbsag", "anti-hcv", "hiv-ag-ab", "syphilis", "nat-hbv", "nat-hcv", "nat-hiv"];
    public static readonly string[] AllTests = ["abo-rhd", "alt", .. Markers];

    public Guid Id { get; init; } = Some.Id();
    public HttpClient Client => service.As(Roles.Station, Id);
    public HttpClient Laboratory => As("L1", "laboratory");
    public HttpClient Processing => As("P1", "processing");
    public HttpClient ReleaserA => As("R1", "release");
    public HttpClient ReleaserB => As("R2", "release");
    public HttpClient Issuer => As("I1", "issue");
    public HttpClient Quality => As("Q1", "quality");

    public HttpClient As(string staff, params string[] functions) => service.As(Roles.Station, Id, staff, functions);

    public async Task<string[]> Dins(int count, int? year = null)
    {
        var block = await Client.Post("/v1/din-blocks", new { count, year });
        Assert.Equal(201, block.Status);
        return [.. block["dins"].EnumerateArray().Select(d => d.GetString()!)];
    }

    public DonationCollected Collection(string din, Guid? donorId = null, Func<DonationCollected, DonationCollected>? but = null)
    {
        var donor = donorId ?? Some.Id();
        var start = TimeProvider.System.GetUtcNow().AddHours(-2);
        var e = new DonationCollected
        {
            Key = donor.ToString(), Version = 3, OccurredAt = start, StationId = Id, Din = din, VisitId = Some.Id(), DonorId = donor, Procedure = "whole-blood", NominalMl = 400, CollectedMl = 400, Outcome = "completed",
            Bag = new("B-400", "L1", new DateOnly(2030, 1, 1), "CPDA-1"), BleedSeconds = 420, Deviations = [], Restrictions = [], FirstTime = true, StartedAt = start, EndedAt = start.AddMinutes(7), Backfilled = false,
        };
        return but is null ? e : but(e);
    }

    public async Task<string> Collected(Guid? donorId = null, Func<DonationCollected, DonationCollected>? but = null)
    {
        var din = (await Dins(1))[0];
        await service.Deliver(Collection(din, donorId, but));
        return din;
    }

    public static object Row(string din, string test, string outcome = "non-reactive", string? value = null, string? round = null, DateTimeOffset? at = null) =>
        new { din, test, outcome, value, round, performedAt = at ?? TimeProvider.System.GetUtcNow() };

    /// <summary>All nine tests, clean, but for what is said.</summary>
    public static object[] Rows(string din, string group = "A+", string alt = "20", params string[] reactive) =>
        [.. AllTests.Select(t => Row(din, t, reactive.Contains(t) ? "reactive" : "non-reactive", t == "abo-rhd" ? group : t == "alt" ? alt : null))];

    public Task<Answer> Run(object[] rows, bool controlsValid = true, HttpClient? by = null, string? runId = null) =>
        (by ?? Laboratory).Post("/v1/test-runs", new { runId = runId ?? Some.Key(), instrument = "ELISA-1", controlsValid, rows });

    public async Task<string> Tested(Guid? donorId = null, string group = "A+", Func<DonationCollected, DonationCollected>? but = null)
    {
        var din = await Collected(donorId, but);
        var run = await Run(Rows(din, group));
        Assert.Equal((200, 9), (run.Status, run["accepted"].GetInt32()));
        return din;
    }

    public Task<Answer> Components(string din, string recipe = "red-cells-and-plasma") => Processing.Post($"/v1/donations/{din}/components", new { recipe });

    public async Task<string> Releasable(Guid? donorId = null, string group = "A+", Func<DonationCollected, DonationCollected>? but = null, string recipe = "red-cells-and-plasma")
    {
        var din = await Tested(donorId, group, but);
        var made = await Components(din, recipe);
        Assert.Equal(201, made.Status);
        return din;
    }

    public Task<Answer> Sign(string din, HttpClient by, string? key = null) => by.Post($"/v1/donations/{din}/release-signatures", null, key ?? Some.Key());

    /// <summary>A released donation; its red cells and plasma are available.</summary>
    public async Task<string> Released(Guid? donorId = null, string group = "A+", Func<DonationCollected, DonationCollected>? but = null, string recipe = "red-cells-and-plasma")
    {
        var din = await Releasable(donorId, group, but, recipe);
        await service.Seal("donor");
        Assert.Equal(202, (await Sign(din, ReleaserA)).Status);
        var second = await Sign(din, ReleaserB);
        Assert.True(second.Status == 200, second.ToString());
        return din;
    }

    public async Task<Guid> UnitOf(string din, string component = "red-cells-suspended") =>
        (await Client.Get($"/v1/donations/{din}"))["units"].EnumerateArray().First(u => u.GetProperty("component").GetString() == component).GetProperty("id").GetGuid();

    /// <summary>Two quality people say that a hold may go.</summary>
    public async Task<Answer> Lift(Guid hold, string reason)
    {
        var first = await As("Q2", "quality").Post($"/v1/holds/{hold}/lift", new { reason });
        Assert.True(first.Status == 202, first.ToString());
        return await Quality.Post($"/v1/holds/{hold}/lift", new { reason });
    }

    public Task<Answer> Donation(string din) => Client.Get($"/v1/donations/{din}");

    public static object Order(Guid? stationId, string group = "A+", int amount = 1, string component = "red-cells-suspended", string unit = "bags", object? patient = null, DateTimeOffset? neededBy = null) =>
        new { component, bloodGroup = group, quantity = new { amount, unit }, urgency = "routine", neededBy = neededBy ?? TimeProvider.System.GetUtcNow().AddHours(6), allowSubstitution = false, patient, stationId };
}
