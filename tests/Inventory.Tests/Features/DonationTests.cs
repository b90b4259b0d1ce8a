using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class DonationTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private static string[] Holds(Answer donation) => [.. donation["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()!)];

    [Fact]
    public async Task A_donation_is_unknown_until_it_arrives_and_then_waits_for_its_tests()
    {
        var station = new Station(service);
        var din = (await station.Dins(1))[0];
        Assert.Equal(404, (await station.Donation(din)).Status);
        var e = station.Collection(din);
        await service.Deliver(e);
        var donation = await station.Donation(din);
        Assert.Equal((200, "quarantine", e.DonorId), (donation.Status, donation.Text("status"), donation["donorId"].GetGuid()));
        Assert.Equal(9, donation["conclusions"].EnumerateObject().Count(c => c.Value.GetString() == "pending"));
        Assert.Equal(11, donation["unmet"].GetArrayLength()); // nine tests, the group, no bags
        Assert.Equal(404, (await new Station(service).Donation(din)).Status); // another station's
    }

    [Fact]
    public async Task The_same_collection_eight_times_is_one_donation()
    {
        var station = new Station(service);
        var din = (await station.Dins(1))[0];
        var e = station.Collection(din, but: c => c with { EventId = Some.Id(), Deviations = ["volume-out-of-tolerance"] });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Deliver(e)));
        await service.Deliver(e with { EventId = Some.Id() }); // an older replay comes with another message id
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from inventory.donation where din = @din and arrived_at is not null", new { din }));
        Assert.Equal(["quality"], Holds(await station.Donation(din)));
        Assert.Single(await service.Published<DonationHeld>(), h => h.Din == din);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.parked_message where key = @Key", new { e.Key }));
    }

    [Fact]
    public async Task Results_that_came_first_are_kept_and_applied()
    {
        var station = new Station(service);
        var din = (await station.Dins(1))[0];
        Assert.Equal(9, (await station.Run(Station.Rows(din)))["accepted"].GetInt32());
        Assert.Equal(404, (await station.Donation(din)).Status);
        Assert.DoesNotContain(await service.Published<DonationTested>(), t => t.Din == din);
        var e = station.Collection(din);
        await service.Deliver(e);
        var donation = await station.Donation(din);
        Assert.Equal("A+", donation.Text("bloodGroup"));
        Assert.All(donation["conclusions"].EnumerateObject(), c => Assert.Equal("non-reactive", c.Value.GetString()));
        Assert.Equal((true, e.DonorId), Assert.Single(await service.Published<DonationTested>(), t => t.Din == din) is var t ? (t.Qualified, t.DonorId) : default);
    }

    [Fact]
    public async Task A_reactive_row_before_the_donation_defers_its_donor_when_he_is_known()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var other = await station.Releasable(donor);
        var din = (await station.Dins(1))[0];
        await station.Run([Station.Row(din, "hbsag", "reactive")]);
        Assert.Equal("test", Assert.Single(await service.Published<DonationHeld>(), h => h.Din == din).Kind);
        Assert.DoesNotContain(await service.Published<DonorDeferralRequired>(), d => d.Din == din);

        await service.Deliver(station.Collection(din, donor));
        var required = Assert.Single(await service.Published<DonorDeferralRequired>(), d => d.Din == din);
        Assert.Equal((donor, "provisional", "P22"), (required.DonorId, required.Certainty, required.DeferralCode));
        Assert.Equal(["test"], Holds(await station.Donation(din)));
        Assert.Equal(["lookback"], Holds(await station.Donation(other)));
    }

    [Fact]
    public async Task A_withdrawal_holds_the_donation_and_every_bag_once()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var din = await station.Releasable(donor);
        var withdrawn = new DonationWithdrawn { Key = donor.ToString(), Version = 9, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, WithdrawalId = Some.Id(), DonorId = donor, Din = din, HoldKind = "late-information" };
        await service.Deliver(withdrawn, withdrawn with { EventId = Some.Id() });
        var donation = await station.Donation(din);
        Assert.Equal(["late-information"], Holds(donation));
        Assert.All(donation["units"].EnumerateArray(), u => Assert.Equal("late-information", Assert.Single(u.GetProperty("holds").EnumerateArray()).GetProperty("kind").GetString()));
        Assert.Equal((donor, "late-information"), Assert.Single(await service.Published<DonationHeld>(), h => h.Din == din) is var h ? (h.DonorId!.Value, h.Kind) : default);
    }

    [Fact]
    public async Task A_withdrawal_before_its_donation_waits_for_it_and_holds_bags_made_later()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var din = (await station.Dins(1))[0];
        await service.Deliver(new DonationWithdrawn { Key = donor.ToString(), Version = 9, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, WithdrawalId = Some.Id(), DonorId = donor, Din = din, HoldKind = "quality" });
        Assert.Equal(404, (await station.Donation(din)).Status);
        await service.Deliver(station.Collection(din, donor));
        var made = await station.Components(din);
        Assert.All(made["units"].EnumerateArray(), u => Assert.Equal("quality", Assert.Single(u.GetProperty("holds").EnumerateArray()).GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task What_was_recorded_afterwards_is_historic_and_never_leaves()
    {
        var station = new Station(service);
        var day = new DateTimeOffset(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));
        var din = (await station.Dins(1, 2024))[0];
        await service.Deliver(station.Collection(din, but: c => c with { Backfilled = true, OccurredAt = day, StartedAt = day, EndedAt = day.AddMinutes(6) }));
        await station.Run(Station.Rows(din));
        var made = await station.Components(din);
        Assert.Equal(201, made.Status);
        Assert.All(made["units"].EnumerateArray(), u => Assert.Equal(("historic", "2024-03-05"), (u.GetProperty("status").GetString(), u.GetProperty("collectedAt").GetString()![..10])));
        Assert.Equal("historic", (await station.Donation(din)).Text("status"));
        var refused = await station.Sign(din, station.ReleaserA);
        Assert.Equal((409, "not_releasable"), (refused.Status, refused.Code));
        Assert.Contains("historic", refused["errors"].EnumerateArray().Select(e => e.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_donor_with_a_reactive_donation_is_looked_back_on_when_he_gives_again()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var first = await station.Collected(donor);
        await station.Run([Station.Row(first, "hiv-ag-ab", "reactive")]);
        var second = await station.Collected(donor);
        Assert.Equal(["lookback"], Holds(await station.Donation(second)));
    }

    [Fact]
    public async Task Donations_are_listed_by_drive_and_status_page_by_page()
    {
        var station = new Station(service);
        var drive = Some.Id();
        var dins = await station.Dins(3);
        foreach (var din in dins) await service.Deliver(station.Collection(din, but: c => c with { DriveId = drive }));
        await station.Collected();
        var page = await station.Client.Get($"/v1/donations?driveId={drive}&status=quarantine&limit=2");
        Assert.Equal(dins[..2], page["items"].EnumerateArray().Select(d => d.GetProperty("din").GetString()));
        Assert.Equal((400, 0), (page["items"][0].GetProperty("collectedMl").GetInt32(), page["items"][0].GetProperty("units").GetInt32()));
        var rest = await station.Client.Get($"/v1/donations?driveId={drive}&limit=2&cursor={page.Text("next")}");
        Assert.Equal(dins[2..], rest["items"].EnumerateArray().Select(d => d.GetProperty("din").GetString()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, rest["next"].ValueKind);
    }

    [Fact]
    public async Task Self_exclusion_answers_alike_and_looks_like_any_late_information()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var known = await station.Client.Post($"/v1/donations/{din}/self-exclusion");
        var unknown = await service.As(Roles.App, Some.Id()).Post("/v1/donations/G123417654321/self-exclusion");
        Assert.Equal((202, 202, known.Body.ToString()), (known.Status, unknown.Status, unknown.Body.ToString()));
        Assert.Equal(["late-information"], Holds(await station.Donation(din)));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.donation where din = 'G123417654321'"));
        Assert.Equal(409, (await station.Sign(din, station.ReleaserA)).Status);

        var foreign = await station.Releasable(); // another station's wish is no business of this one
        Assert.Equal(202, (await new Station(service).Client.Post($"/v1/donations/{foreign}/self-exclusion")).Status);
        Assert.Empty(Holds(await station.Donation(foreign)));
    }

    [Fact]
    public async Task Components_are_made_once_within_the_restrictions_by_processing()
    {
        var station = new Station(service);
        var din = await station.Collected(but: c => c with { Restrictions = ["plasma-fresh-frozen"] });
        var restricted = await station.Components(din);
        Assert.Equal((422, "component_restricted"), (restricted.Status, restricted.Code));
        Assert.Equal("invalid_value", (await station.Processing.Post($"/v1/donations/{din}/components", new { })).Code);
        Assert.Equal("invalid_value", (await station.Processing.Post($"/v1/donations/{din}/components", new { recipe = "soup" })).Code);
        Assert.Equal("recipe_not_applicable", (await station.Components(din, "platelets")).Code);
        Assert.Equal("staff_required", (await station.Client.Post($"/v1/donations/{din}/components", new { recipe = "whole-blood" })).Code);
        Assert.Equal("staff_function_required", (await station.Laboratory.Post($"/v1/donations/{din}/components", new { recipe = "whole-blood" })).Code);
        Assert.Equal("staff_function_required", (await station.Quality.Post($"/v1/donations/{din}/components", new { recipe = "whole-blood" })).Code);
        Assert.Equal("backfill_reason_required", (await station.Quality.Post($"/v1/donations/{din}/components", new { recipe = "whole-blood", at = TimeProvider.System.GetUtcNow().AddHours(-1) })).Code);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.unit where din = @din", new { din }));

        var made = await station.Processing.Post($"/v1/donations/{din}/components", new { components = new[] { new { component = "red-cells-suspended", volumeMl = 290 } } });
        Assert.Equal((201, $"/v1/donations/{din}"), (made.Status, made.Response.Headers.Location!.ToString()));
        var unit = Assert.Single(made["units"].EnumerateArray());
        Assert.Equal((2m, 290, "quarantine", "00"), (unit.GetProperty("contentU").GetDecimal(), unit.GetProperty("volumeMl").GetInt32(), unit.GetProperty("status").GetString(), unit.GetProperty("division").GetString()));
        Assert.Equal("components_made", (await station.Components(din, "whole-blood")).Code);
    }

    [Fact]
    public async Task Eight_recipes_at_once_make_the_bags_once()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => station.Components(din)));
        Assert.Equal((1, 7), (answers.Count(a => a.Status == 201), answers.Count(a => a.Code == "components_made")));
        Assert.Equal(2, await service.Database.Scalar<long>("select count(*) from inventory.unit where din = @din", new { din }));
    }
}
