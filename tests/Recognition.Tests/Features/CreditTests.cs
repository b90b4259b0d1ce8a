using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Recognition;

namespace BloodPlatform.Recognition.Tests.Features;

public sealed class CreditTests(RecognitionService recognition)
{
    private readonly ServiceUnderTest service = recognition.Service;

    [Fact]
    public async Task A_collection_is_one_credit_line_and_is_announced()
    {
        var (donor, drive, station) = (Some.Id(), Some.Id(), Some.Id());
        var collected = Given.WholeBlood(donor, 300, Given.On(2024), collectedMl: 296, driveId: drive, stationId: station, backfilled: true);
        await service.Deliver(collected);

        var credit = Assert.Single((await service.As(Roles.Station, station).Get($"/v1/credits?driveId={drive}"))["items"].EnumerateArray());
        Assert.Equal((collected.Din, donor, drive), (credit.GetProperty("din").GetString(), credit.GetProperty("donorId").GetGuid(), credit.GetProperty("driveId").GetGuid()));
        Assert.Equal((1.5m, 296, 0), (credit.GetProperty("nationalCounts").GetDecimal(), credit.GetProperty("volumeMl").GetInt32(), credit.GetProperty("treatmentUnits").GetInt32()));
        Assert.Equal("2024-03-05T09:00:00+08:00", credit.GetProperty("collectedAt").GetString());
        Assert.True(credit.GetProperty("backfilled").GetBoolean());

        var announced = Assert.Single(await service.Published<CreditGranted>(), e => e.DonorId == donor);
        Assert.Equal((credit.GetProperty("id").GetGuid(), collected.Din, drive, station, 1.5m, 296, true, 1L),
            (announced.CreditId, announced.Din, announced.DriveId, announced.StationId, announced.NationalCounts, announced.VolumeMl, announced.Backfilled, announced.Version));
        Assert.Equal((donor.ToString(), "donation", Given.On(2024)), (announced.Key, announced.Kind, announced.OccurredAt));
    }

    [Fact]
    public async Task The_same_event_delivered_8_times_at_once_is_one_credit()
    {
        var donor = Some.Id();
        var collected = Given.WholeBlood(donor);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Deliver(collected)));
        Assert.Equal(1, await Credits(donor));
        Assert.Single(await service.Published<CreditGranted>(), e => e.DonorId == donor);
    }

    [Fact]
    public async Task The_same_collection_under_another_event_id_is_still_one_credit()
    {
        var donor = Some.Id();
        var collected = Given.WholeBlood(donor);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Deliver(collected with { EventId = Some.Id() })));
        Assert.Equal(1, await Credits(donor));
        Assert.Single(await service.Published<CreditGranted>(), e => e.DonorId == donor);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from recognition.parked_message where key = @key", new { key = donor.ToString() }));
    }

    [Fact]
    public async Task A_DIN_credited_to_another_donor_is_parked_and_credits_nobody()
    {
        var (donor, other) = (Some.Id(), Some.Id());
        var collected = Given.WholeBlood(donor);
        await service.Deliver(collected, collected with { EventId = Some.Id(), DonorId = other, Key = other.ToString() });
        Assert.Equal((1, 0), (await Credits(donor), await Credits(other)));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from recognition.parked_message where key = @key", new { key = other.ToString() }));
        await service.Database.Execute("delete from recognition.parked_message where key = @key", new { key = other.ToString() });
    }

    [Fact]
    public async Task An_abandoned_collection_has_its_line_with_zero_counts()
    {
        var (donor, station) = (Some.Id(), Some.Id());
        await service.Deliver(Given.Registered(donor), Given.WholeBlood(donor, 400, collectedMl: 60, outcome: "abandoned", stationId: station));
        var credit = Assert.Single((await service.As(Roles.Station, station).Get($"/v1/credits?donorId={donor}"))["items"].EnumerateArray());
        Assert.Equal((0m, 60), (credit.GetProperty("nationalCounts").GetDecimal(), credit.GetProperty("volumeMl").GetInt32()));
        var recognised = await service.As(Roles.Station, station).Get($"/v1/recognitions/{donor}");
        Assert.Equal((0, 60, 0, 0), (recognised["donations"].GetInt32(), recognised["volumeMl"].GetInt32(), recognised["years"].GetInt32(), recognised["counts"].GetProperty("national").GetInt32()));
    }

    /// <summary>20 × 300 ml + 20 × 400 ml + 5 × 200 ml = 15,000 ml are 75 counts, and 5 × 2 treatment units 10 more.</summary>
    [Fact]
    public async Task Fifty_different_donations_of_one_donor_at_once_are_50_credits_with_right_totals_and_each_honour_once()
    {
        var (donor, station) = (Some.Id(), Some.Id());
        DonationCollected[] donations = [
            .. Enumerable.Range(0, 20).Select(i => Given.WholeBlood(donor, 300, Given.On(2000 + i, 2))),
            .. Enumerable.Range(0, 20).Select(i => Given.WholeBlood(donor, 400, Given.On(2000 + i, 9))),
            .. Enumerable.Range(0, 5).Select(i => Given.WholeBlood(donor, 200, Given.On(2020 + i, 2))),
            .. Enumerable.Range(0, 5).Select(i => Given.Platelets(donor, 2, Given.On(2020 + i, 9)))];
        await Task.WhenAll(donations.Select(d => service.Deliver(d)));

        Assert.Equal(50, await Credits(donor));
        var recognised = await service.As(Roles.Station, station).Get($"/v1/recognitions/{donor}");
        Assert.Equal((50, 15_000, 10, 25), (recognised["donations"].GetInt32(), recognised["volumeMl"].GetInt32(), recognised["treatmentUnits"].GetInt32(), recognised["years"].GetInt32()));
        Assert.Equal((85, 85), (recognised["counts"].GetProperty("national").GetInt32(), recognised["counts"].GetProperty("provincial").GetInt32()));
        Assert.Equal(["guangdong-dedication bronze", "guangdong-dedication gold", "guangdong-dedication silver", "national-dedication bronze", "national-dedication gold", "national-dedication silver"],
            (await service.Published<HonourEarned>()).Where(e => e.DonorId == donor).Select(e => $"{e.Award} {e.Level}").Order());
        Assert.Empty(recognised["next"].EnumerateArray());

        // 56 events about this donor, numbered without a gap or a twin.
        var versions = await service.Database.Query<long>("select version from recognition.outbox where key = @key order by version", new { key = donor.ToString() });
        Assert.Equal(Enumerable.Range(1, 56).Select(v => (long)v), versions);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from recognition.parked_message where key = @key", new { key = donor.ToString() }));
    }

    [Fact]
    public async Task Another_stations_credits_are_not_shown()
    {
        var (donor, station) = (Some.Id(), Some.Id());
        await service.Deliver(Given.WholeBlood(donor, stationId: station));
        var id = (await service.As(Roles.Station, station).Get($"/v1/credits?donorId={donor}"))["items"][0].GetProperty("id").GetGuid();
        Assert.Equal(200, (await service.As(Roles.Station, station).Get($"/v1/credits/{id}")).Status);

        var stranger = service.As(Roles.Station, Some.Id());
        Assert.Empty((await stranger.Get($"/v1/credits?donorId={donor}"))["items"].EnumerateArray());
        Assert.Equal((404, "not_found"), await Of(stranger.Get($"/v1/credits/{id}"))); // at once, though it is fresh
        Assert.Equal((404, "not_found"), await Of(stranger.Get($"/v1/credits/{Some.OldId()}")));
    }

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap()
    {
        var (drive, station) = (Some.Id(), Some.Id());
        foreach (var _ in Enumerable.Range(0, 7)) await service.Deliver(Given.WholeBlood(Some.Id(), driveId: drive, stationId: station));
        List<string> dins = [];
        string? next = null;
        do
        {
            var page = await service.As(Roles.Station, station).Get($"/v1/credits?driveId={drive}&limit=3" + (next is null ? "" : $"&cursor={next}"));
            dins.AddRange(page["items"].EnumerateArray().Select(i => i.GetProperty("din").GetString()!));
            next = page["next"].GetString();
        } while (next is not null);
        Assert.Equal(7, dins.Count);
        Assert.Equal(7, dins.Distinct().Count());
    }

    [Theory]
    [InlineData("?cursor=none")]
    [InlineData("?driveId=1")]
    [InlineData("?limit=many")]
    public async Task What_cannot_be_read_is_malformed(string query) => Assert.Equal((400, "malformed_request"), await Of(service.As(Roles.Station, Some.Id()).Get("/v1/credits" + query)));

    [Fact]
    public async Task Only_a_station_reads_credit_lines()
    {
        Assert.Equal((401, "token_required"), await Of(service.Anonymous().Get("/v1/credits")));
        foreach (var role in new[] { Roles.App, Roles.Organiser, Roles.Hospital, Roles.Authority, Roles.Admin })
            Assert.Equal((403, "role_forbidden"), await Of(service.As(role, Some.Id()).Get("/v1/credits")));
        using var withoutScope = new HttpClient { BaseAddress = service.Address };
        withoutScope.DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(Roles.Station, Some.Id(), scopes: "donors"));
        Assert.Equal((403, "scope_required"), await Of(withoutScope.Get("/v1/credits")));
        Assert.Equal((403, "scope_required"), await Of(withoutScope.Get($"/v1/recognitions/{Some.OldId()}")));
    }

    private Task<long> Credits(Guid donor) => service.Database.Scalar<long>("select count(*) from recognition.credit where donor_id = @donor", new { donor });

    private static async Task<(int, string?)> Of(Task<Answer> call) => await call is var answer ? (answer.Status, answer.Code) : default;
}
