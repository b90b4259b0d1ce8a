using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class CardTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    [Fact]
    public async Task A_card_counts_what_was_given_and_its_code_says_nothing()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        var donor = (await app.Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000001", consents = new[] { "registration", "contact" } })).Id;
        var empty = await app.Get($"/v1/donors/{donor}/card");
        Assert.Equal((0, 0, System.Text.Json.JsonValueKind.Null), (empty["donations"].GetInt32(), empty["volumeMl"].GetInt32(), empty["bloodGroup"].ValueKind));
        await station.VisitAt("completed", donor);
        var card = await app.Get($"/v1/donors/{donor}/card");
        Assert.Equal((1, 400, "O+", Shanghai.DateOf(TimeProvider.System.GetUtcNow()).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)), (card["donations"].GetInt32(), card["volumeMl"].GetInt32(), card.Text("bloodGroup"), card.Text("lastOn")));
        Assert.Equal((empty.Text("number"), empty.Text("qr")), (card.Text("number"), card.Text("qr")));
        Assert.Matches("^[0-9]{12}$", card.Text("number"));
        Assert.Matches("^bp1\\.[A-Za-z0-9_-]{24}$", card.Text("qr"));
        Assert.Equal(404, (await service.As(Roles.App, Some.Id()).Get($"/v1/donors/{donor}/card")).Status);
    }

    [Theory]
    [InlineData("wrong-donor")]
    [InlineData("recorded-twice")]
    public async Task A_card_bears_no_blood_group_that_was_found_in_anothers_blood(string reasonCode)
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        Assert.Equal("completed", (await station.Backfill(donor, TimeProvider.System.GetUtcNow().AddMonths(-20), (await station.Dins())[0])).Text("status")); // A+
        var visit = await station.VisitAt("completed", donor); // O+
        Assert.Equal("O+", (await station.Client.Get($"/v1/donors/{donor}/card")).Text("bloodGroup"));
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode })).Status);
        var card = await station.Client.Get($"/v1/donors/{donor}/card");
        Assert.Equal(("A+", 1), (card.Text("bloodGroup"), card["donations"].GetInt32()));
    }

    [Fact]
    public async Task A_station_finds_a_donor_by_his_card_and_no_two_cards_bear_one_number()
    {
        var station = new SomeStation(service);
        var (donor, other, stranger) = (await station.Donor(), await station.Donor(), await station.Donor());
        Task<Answer> Find(string card) => station.Client.Post("/v1/donors/search", new { card });
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.card where donor_id = @donor", new { donor }));
        var cards = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => station.Client.Get($"/v1/donors/{donor}/card")));
        Assert.All(cards, c => Assert.Equal((200, cards[0].Text("number")), (c.Status, c.Text("number"))));
        foreach (var text in new[] { cards[0].Text("number")!, cards[0].Text("qr")! })
            Assert.Equal(donor, Assert.Single((await Find(text))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Equal(2, await station.Scalar<int>("select count(*) from donor.audit where action = 'donor.search' and detail->>'by' = 'card' and detail->'found' ? @id", new { id = donor.ToString() }));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.card c where c::text like '%' || @code || '%'", new { code = cards[0].Text("qr")![4..] }));

        // The first number that would be the other's is taken: he gets his next one, and keeps it.
        var first = CardNumber.Candidates(service.App.Services.GetRequiredService<Vault>().BlindIndex("card", other.ToString()));
        await service.Database.Execute("insert into donor.card (donor_id, number, code_index, allotted_at) values (@stranger, @number, '\\x00', now())", new { number = first[0], stranger });
        foreach (var _ in Enumerable.Range(0, 2)) Assert.Equal(first[1], (await station.Client.Get($"/v1/donors/{other}/card")).Text("number"));

        foreach (var bad in new[] { "12345678901", "1234567890123", "bp2." + cards[0].Text("qr")![4..], "bp1.short", "１２３４５６７８９０１２", "" }) Assert.Equal((422, "invalid_value"), (await Find(bad)) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(422, (await station.Client.Post("/v1/donors/search", new { card = cards[0].Text("number"), phone = "13900000001" })).Status);
        Assert.Equal(403, (await service.As(Roles.App, Some.Id()).Post("/v1/donors/search", new { card = cards[0].Text("number") })).Status);

        // Merged he is found as the person he is; erased by neither.
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = other, absorbed = donor, reason = "同一人" })).Status);
        Assert.Equal(other, Assert.Single((await Find(cards[0].Text("qr")!))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{other}/erasure")).Status);
        Assert.Equal(0, (await Find(cards[0].Text("qr")!))["items"].GetArrayLength());
    }
}
