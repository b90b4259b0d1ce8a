using System.Text.Json;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Drives.Features.Appeals;
using BloodPlatform.Drives.Rules;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class AppealTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private readonly DateTimeOffset slot = EventService.Morning(3);

    private Task Tend() => service.App.Services.GetServices<IHostedService>().OfType<TendAppeals>().Single().LookNow(TestContext.Current.CancellationToken);

    private Task Says(Guid station, string level, int missing = 1, long version = 1, string group = "O-", string component = "red-cells-suspended", decimal? days = null) => service.Deliver(new StockLevelChanged
    {
        Key = $"{station}:{component}:{group}", Version = version, OccurredAt = EventService.Now, StationId = station, Component = component, BloodGroup = group, Available = 3, DaysOfCover = days ?? (level == "red" ? 1.2m : 8m), Previous = "normal", Level = level, Missing = missing,
    });

    private static async Task<JsonElement[]> Appeals(HttpClient http, string query = "") => [.. (await http.Get($"/v1/appeals?{query}"))["items"].EnumerateArray()];

    private static string Text(JsonElement appeal, string name) => appeal.GetProperty(name).GetString()!;

    private static object Body(string[]? groups = null, int donations = 1, DateTimeOffset? until = null, string procedure = "whole-blood", string[]? districts = null) =>
        new { procedure, bloodGroups = groups ?? ["O-"], donations, until = until ?? EventService.Morning(6), districts };

    private Task<Answer> Book(HttpClient http, Guid drive, Guid donor, Guid? appealId) => http.Post("/v1/appointments", new { driveId = drive, slotStartsAt = slot, donorId = donor, channel = "wechat", appealId });

    [Fact]
    public async Task A_stock_that_runs_out_asks_its_group_where_places_are_and_no_more_once_it_has_recovered()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, slot, capacity: 10);
        await Says(station, "red", missing: 3);
        await Says(station, "orange", missing: 2, component: "plasma-fresh-frozen");
        await Says(station, "blue", group: "A+");
        await Tend();
        var appeal = Assert.Single(await Appeals(events.Station(station))); // two components of a group are one appeal, for what is missing most; blue opens none
        Assert.Equal(("open", "stock", "whole-blood", "O-", "red"), (Text(appeal, "status"), Text(appeal, "source"), Text(appeal, "procedure"), appeal.GetProperty("bloodGroups")[0].GetString(), Text(appeal, "level")));
        var need = appeal.GetProperty("need");
        Assert.Equal((3, 5, 0, "proposed.1"), (need.GetProperty("donations").GetInt32(), need.GetProperty("bookings").GetInt32(), need.GetProperty("shownOf").GetInt32(), Text(need, "rules"))); // 3 / (0.8 × 0.85), nothing measured yet
        Assert.Equal((drive, 40), (appeal.GetProperty("drives")[0].GetProperty("driveId").GetGuid(), appeal.GetProperty("drives")[0].GetProperty("places").GetInt32()));
        Assert.Equal(JsonValueKind.Null, appeal.GetProperty("schedule").ValueKind);
        var id = appeal.GetProperty("id").GetGuid();
        var opened = Assert.Single(await service.Published<AppealOpened>(), e => e.AppealId == id);
        Assert.Equal(("stock", 3, 5, drive), (opened.Reason, opened.Donations, opened.Bookings, Assert.Single(opened.Drives)));

        await Says(station, "normal", version: 2);
        await Says(station, "red", version: 1); // old news
        await Tend();
        Assert.Equal("open", Text((await Appeals(events.Station(station)))[0], "status")); // the plasma is still low
        await Says(station, "yellow", version: 2, component: "plasma-fresh-frozen", days: 4);
        await Tend();
        await Tend();
        var closed = Assert.Single(await Appeals(events.Station(station)));
        Assert.Equal(("closed", "recovered", 1.2m, 4m), (Text(closed, "status"), Text(closed, "closeReason"), closed.GetProperty("daysOfCover").GetDecimal(), closed.GetProperty("daysOfCoverAfter").GetDecimal()));
        Assert.Equal(("recovered", 0), Assert.Single(await service.Published<AppealClosed>(), e => e.AppealId == id) is var over ? (over.Reason, over.Bookings) : default);
        await Says(station, "red", version: 3);
        await Tend();
        Assert.Equal(["open", "closed"], (await Appeals(events.Station(station))).Select(a => Text(a, "status")));
    }

    [Fact]
    public async Task Nobody_is_asked_while_nobody_could_book_and_the_station_reads_what_to_schedule()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        var site = await http.Post("/v1/sites", new { kind = "fixed", venue = new { name = "中心血站", address = "一号路1号", district = "440703" }, beds = 6, qualificationNumber = "Q-1", qualifiedUntil = "2099-12-31" });
        Assert.True(site.Status == 201, site.ToString());
        var drive = await events.Draft(station, slot, capacity: 1, hours: 2);
        await events.Steps(station, drive, null, "submit", "approve");
        await Says(station, "red", missing: 2);
        await Tend();
        var appeal = Assert.Single(await Appeals(http));
        Assert.Equal(("waiting", 0), (Text(appeal, "status"), appeal.GetProperty("drives").GetArrayLength()));
        var schedule = appeal.GetProperty("schedule");
        Assert.Equal((3, drive, 2), (schedule.GetProperty("places").GetInt32(), schedule.GetProperty("unopened")[0].GetProperty("driveId").GetGuid(), schedule.GetProperty("unopened")[0].GetProperty("places").GetInt32()));
        Assert.Equal((site.Id, 18, 0.2m), schedule.GetProperty("sites")[0] is var at ? (at.GetProperty("siteId").GetGuid(), at.GetProperty("placesPerHour").GetInt32(), at.GetProperty("hours").GetDecimal()) : default);
        Assert.Empty(await Appeals(events.App(Some.Id()), $"stationId={station}")); // nobody speaks of it

        var refused = await http.Post("/v1/appeals", Body(["A-"], 2));
        Assert.Equal((409, "nothing_bookable"), (refused.Status, refused.Code));
        Assert.Equal(["open_drive", "schedule_at"], refused["errors"].EnumerateArray().Select(e => Text(e, "code")));
        Assert.Single(await Appeals(http));
        Assert.DoesNotContain(await service.Published<AppealOpened>(), e => e.StationId == station);

        await events.Steps(station, drive, null, "open");
        await Tend();
        appeal = Assert.Single(await Appeals(http));
        Assert.Equal(("open", 1), (Text(appeal, "status"), appeal.GetProperty("schedule").GetProperty("places").GetInt32())); // two places, three bookings
        Assert.Single(await service.Published<AppealOpened>(), e => e.StationId == station);
    }

    [Fact]
    public async Task It_closes_when_enough_are_booked_and_asks_nobody_again_before_its_end()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        var drive = await events.OpenDrive(station, slot, capacity: 10);
        await Says(station, "red");
        await Tend();
        var id = Assert.Single(await Appeals(http)).GetProperty("id").GetGuid();
        var donors = new[] { await events.Donor(), await events.Donor(), await events.Donor() };
        var first = await Book(http, drive, donors[0], id);
        Assert.Equal(201, first.Status);
        await Tend();
        Assert.Equal("open", (await http.Get($"/v1/appeals/{id}")).Text("status")); // two are needed for one donation
        Assert.Equal(201, (await Book(http, drive, donors[1], id)).Status);
        Assert.Equal(201, (await Book(http, drive, donors[2], null)).Status);
        await Tend();
        await Tend();
        var met = await http.Get($"/v1/appeals/{id}");
        Assert.Equal(("closed", "met"), (met.Text("status"), met.Text("closeReason")));
        Assert.Equal(2, Assert.Single(await service.Published<AppealClosed>(), e => e.AppealId == id).Bookings);
        Assert.Single(await Appeals(http)); // the stock is as low as before: those who booked are given their time

        // Whoever answers late still counts for it; what came of it is its history.
        var visit = Some.Id();
        await service.Deliver(EventService.VisitOpened(visit, donors[0], drive, first.Id), EventService.Collected(EventService.Din(), donors[0], drive, EventService.Now, station: station) with { VisitId = visit });
        Assert.Equal(201, (await Book(http, drive, await events.Donor(), id)).Status);
        await service.Deliver(EventService.VisitOpened(Some.Id(), donors[0], drive, first.Id, version: 9)); // he had gone to fetch his document: the second visit of one booking
        var effect = (await http.Get($"/v1/appeals/{id}"))["effect"];
        Assert.Equal((3, 1, 1, 400), (effect.GetProperty("booked").GetInt32(), effect.GetProperty("arrived").GetInt32(), effect.GetProperty("collected").GetInt32(), effect.GetProperty("volumeMl").GetInt32()));
        Assert.Equal(3, Assert.Single(effect.GetProperty("daily").EnumerateArray()).GetProperty("booked").GetInt32());

        await service.Database.Execute("update event.appeal set until = now() - interval '1 minute' where id = @id", new { id });
        await Tend();
        Assert.Equal(2, (await Appeals(http)).Length); // its time is over and the stock still low
    }

    [Fact]
    public async Task A_stock_that_worsens_asks_for_more_and_says_so_once()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        var drive = await events.OpenDrive(station, slot, capacity: 20);
        await Says(station, "orange", missing: 3);
        await Tend();
        var id = Assert.Single(await Appeals(http)).GetProperty("id").GetGuid();
        Assert.Equal(201, (await Book(http, drive, await events.Donor(), id)).Status);
        await Says(station, "red", missing: 10, version: 3);
        await Says(station, "red", missing: 90, version: 2); // old news
        await Tend();
        await Tend();
        var appeal = await http.Get($"/v1/appeals/{id}");
        Assert.Equal((10, 15, "open", "\"3\""), (appeal["need"].GetProperty("donations").GetInt32(), appeal["need"].GetProperty("bookings").GetInt32(), appeal.Text("status"), Assert.Single(appeal.Response.Headers.GetValues("ETag"))));
        Assert.NotEqual(JsonValueKind.Null, appeal["raisedAt"].ValueKind);
        Assert.Equal((10, 15), Assert.Single(await service.Published<AppealRaised>(), e => e.AppealId == id) is var raised ? (raised.Donations, raised.Bookings) : default);

        await Says(station, "red", missing: 4, version: 4);
        await Tend();
        Assert.Equal(15, (await http.Get($"/v1/appeals/{id}"))["need"].GetProperty("bookings").GetInt32()); // whoever was asked for is still welcome
        Assert.Single(await service.Published<AppealRaised>(), e => e.AppealId == id);

        // Where nobody could book nobody had heard of it: what it asks for when it opens is what is missing then.
        var other = Some.Id();
        await Says(other, "orange", missing: 3);
        await Tend();
        await Says(other, "red", missing: 10, version: 2);
        await Tend();
        await events.OpenDrive(other, slot, capacity: 20);
        await Tend();
        Assert.Equal(15, Assert.Single(await service.Published<AppealOpened>(), e => e.StationId == other).Bookings);
        Assert.DoesNotContain(await service.Published<AppealRaised>(), e => e.StationId == other);
    }

    [Fact]
    public async Task Once_enough_are_booked_a_worsening_stock_asks_anew_for_what_they_will_not_bring()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        var drive = await events.OpenDrive(station, slot, capacity: 20);
        await Says(station, "orange");
        await Tend();
        var met = Assert.Single(await Appeals(http)).GetProperty("id").GetGuid();
        var booked = new[] { await Book(http, drive, await events.Donor(), met), await Book(http, drive, await events.Donor(), met) };
        await Tend();
        Assert.Equal("met", (await http.Get($"/v1/appeals/{met}")).Text("closeReason"));
        await Says(station, "red", version: 2); // one is missing still, and one will come of two bookings
        await Tend();
        Assert.Equal(200, (await http.Post($"/v1/appointments/{booked[0].Id}/cancel", new { reasonCode = "donor-request" })).Status);
        await Tend();
        Assert.Single(await Appeals(http)); // it was asked for; only news of the stock ask anew

        await Says(station, "red", missing: 3, version: 3);
        await Task.WhenAll(Tend(), Tend());
        await Tend();
        var anew = (await Appeals(http))[0];
        Assert.Equal((2, 3, 5), ((await Appeals(http)).Length, anew.GetProperty("need").GetProperty("donations").GetInt32(), anew.GetProperty("need").GetProperty("bookings").GetInt32())); // one booking alone promises none
        Assert.Equal(5, Assert.Single(await service.Published<AppealOpened>(), e => e.AppealId == anew.GetProperty("id").GetGuid()).Bookings);
    }

    [Fact]
    public async Task A_stations_own_ends_when_the_stock_that_was_low_recovers_and_lasts_where_none_was()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        await events.OpenDrive(station, slot, capacity: 20);
        var precaution = await http.Post("/v1/appeals", Body(["A+"], donations: 2));
        await Says(station, "red", group: "A+", missing: 6); // beyond what the station had foreseen
        await Says(station, "red", group: "B+");
        await Tend();
        var own = Assert.Single(await Appeals(http, "bloodGroup=B%2B"));
        Assert.Equal(200, (await http.Post($"/v1/appeals/{own.GetProperty("id").GetGuid()}/close")).Status);
        // Withdrawn, none is opened by itself; by hand one is.
        var byHand = await http.Post("/v1/appeals", Body(["B+"], donations: 4));
        Assert.True(byHand.Status == 201, byHand.ToString());
        await Tend();
        Assert.Equal((6, 4), ((await http.Get($"/v1/appeals/{precaution.Id}"))["need"].GetProperty("donations").GetInt32(), (await http.Get($"/v1/appeals/{byHand.Id}"))["need"].GetProperty("donations").GetInt32())); // what it knew when it asked does not raise it
        Assert.Equal("red", (await http.Get($"/v1/appeals/{byHand.Id}")).Text("level"));
        foreach (var group in new[] { "A+", "B+" }) await Says(station, "normal", group: group, version: 2, missing: 0, days: 9);
        await Tend();
        Assert.Equal(("open", "closed", "recovered"), ((await http.Get($"/v1/appeals/{precaution.Id}")).Text("status"), (await http.Get($"/v1/appeals/{byHand.Id}")).Text("status"), (await http.Get($"/v1/appeals/{byHand.Id}")).Text("closeReason")));
    }

    [Fact]
    public async Task The_need_is_reckoned_from_how_many_of_this_stations_booked_donors_came_and_gave()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        var start = EventService.Now.AddHours(1);
        var drive = await events.OpenDrive(station, start, capacity: 60);
        await events.Steps(station, drive, null, "start");
        var donors = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => events.Donor()));
        foreach (var donor in donors) Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, start, donor))).Status);
        await service.Deliver([.. donors.Take(50).SelectMany((d, i) => (DomainEvent[])[EventService.VisitOpened(Visit(i), d, drive), .. i >= 10 ? [] : (DomainEvent[])[Deferred(Visit(i), d, drive)]])]);
        // Their slot has begun: who has not come has missed it.
        await service.Database.Execute("update event.appointment set slot_starts_at = now() - interval '1 minute' where drive_id = @drive and status = 'booked'", new { drive });
        await events.Steps(station, drive, null, "close");

        await events.OpenDrive(station, slot, capacity: 10);
        var made = await http.Post("/v1/appeals", Body(donations: 10));
        Assert.True(made.Status == 201, made.ToString());
        Assert.Equal((10, 15, 0.833m, 60, 0.2m, 50), made["need"] is var n ? (n.GetProperty("donations").GetInt32(), n.GetProperty("bookings").GetInt32(), n.GetProperty("shown").GetDecimal(), n.GetProperty("shownOf").GetInt32(), n.GetProperty("deferred").GetDecimal(), n.GetProperty("deferredOf").GetInt32()) : default);

        Guid Visit(int i) => new(i, 7, 7, station.ToByteArray()[8..]);
    }

    private static VisitDeferred Deferred(Guid visit, Guid donor, Guid drive) => new() { Key = donor.ToString(), Version = 4, OccurredAt = EventService.Now, VisitId = visit, DonorId = donor, DriveId = drive, Backfilled = false };

    [Fact]
    public async Task A_station_opens_and_withdraws_its_own_and_others_see_what_they_may_say()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        var drive = await events.OpenDrive(station, slot, capacity: 10);
        var made = await http.Post("/v1/appeals", Body(["O-", "A-"], 4, districts: ["440700"]));
        Assert.Equal((201, "open", "station"), (made.Status, made.Text("status"), made.Text("source")));
        foreach (var other in new[] { events.App(Some.Id()), events.Organiser(Some.Id()) })
        {
            var seen = Assert.Single(await Appeals(other, $"stationId={station}&bloodGroup=A-"));
            Assert.Equal(drive, seen.GetProperty("drives")[0].GetProperty("driveId").GetGuid());
            foreach (var hidden in new[] { "need", "effect", "schedule", "level", "daysOfCover", "source", "reason" }) Assert.Equal(JsonValueKind.Null, seen.GetProperty(hidden).ValueKind);
        }
        Assert.Empty(await Appeals(events.Station(Some.Id())));
        Assert.Equal(404, (await events.Station(Some.Id()).Get($"/v1/appeals/{made.Id}")).Status);
        Assert.Equal(404, (await events.Station(Some.Id()).Post($"/v1/appeals/{made.Id}/close")).Status);
        Assert.Equal((403, "role_forbidden"), (await events.App(Some.Id()).Post("/v1/appeals", Body())) is var app ? (app.Status, app.Code) : default);

        var withdrawn = await http.Post($"/v1/appeals/{made.Id}/close");
        Assert.Equal(("closed", "withdrawn"), (withdrawn.Text("status"), withdrawn.Text("closeReason")));
        Assert.Equal((409, "appeal_over"), (await http.Post($"/v1/appeals/{made.Id}/close")) is var again ? (again.Status, again.Code) : default);
        Assert.Equal(404, (await events.App(Some.Id()).Get($"/v1/appeals/{made.Id}")).Status);
        Assert.Equal("withdrawn", Assert.Single(await service.Published<AppealClosed>(), e => e.AppealId == made.Id).Reason);
        await Says(station, "red");
        await Tend();
        Assert.Single(await Appeals(http)); // the station has just said that it asks no more
    }

    [Fact]
    public async Task Of_eight_who_open_one_at_once_exactly_one_does_and_two_looks_at_once_open_one()
    {
        var station = Some.Id();
        await events.OpenDrive(station, slot, capacity: 10);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => events.Quality(station).Post("/v1/appeals", Body(i % 2 == 0 ? ["O-", "B-"] : ["AB+", "O-"]))));
        var won = Assert.Single(answers, a => a.Status == 201);
        Assert.All(answers.Where(a => a.Status != 201), a => Assert.Equal((409, "appeal_running", won.Id.ToString()), (a.Status, a.Code, Text(a["errors"][0], "detail"))));

        var other = Some.Id();
        await events.OpenDrive(other, slot, capacity: 10);
        await Says(other, "red");
        await Task.WhenAll(Tend(), Tend(), Tend());
        Assert.Single(await Appeals(events.Station(other)));
        Assert.Single(await service.Published<AppealOpened>(), e => e.StationId == other);
    }

    [Fact]
    public async Task Bad_input_opens_nothing()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        var drive = await events.OpenDrive(station, slot, capacity: 10);
        foreach (var (body, pointer) in new (object, string)[]
        {
            (Body(["O"]), "/bloodGroups/0"), (Body(["O-", "O-"]), "/bloodGroups/1"), (Body([]), "/bloodGroups"), (Body(donations: 0), "/donations"), (Body(procedure: "plasma"), "/procedure"),
            (Body(until: EventService.Now.AddMinutes(-1)), "/until"), (Body(until: EventService.Now.AddDays(31)), "/until"), (Body(districts: ["4407"]), "/districts/0"),
        })
        {
            var answer = await http.Post("/v1/appeals", body);
            Assert.Equal((422, "invalid_value", pointer), (answer.Status, answer.Code, Text(answer["errors"][0], "pointer")));
        }
        Assert.Empty(await Appeals(http));
        // Only what an appeal asks for counts for it.
        var made = await http.Post("/v1/appeals", Body(["B-"]));
        var others = await events.OpenDrive(Some.Id(), slot, capacity: 10);
        var app = Some.Id();
        var elsewhere = await Book(events.App(app), others, await events.Donor(app), made.Id);
        Assert.Equal((422, "appeal_unknown"), (elsewhere.Status, elsewhere.Code));
        var unknown = await Book(http, drive, await events.Donor(), Some.OldId());
        Assert.Equal((422, "appeal_unknown"), (unknown.Status, unknown.Code));
        Assert.Equal(0, await service.Database.Scalar<int>("select booked from event.slot where drive_id = @drive order by starts_at limit 1", new { drive }));
    }
}
