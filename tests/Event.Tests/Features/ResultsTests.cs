using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class ResultsTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private static readonly DateTimeOffset Day = new(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));

    private static string[] Lines(string csv) => csv.ReplaceLineEndings("\n").Split('\n');

    [Fact]
    public async Task A_drives_results_are_counted_from_what_happened_and_shown_as_far_as_the_reader_may_know()
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        var drive = await events.PastDrive(station, Day, organisation: organisation);
        var donors = new List<(Guid Donor, Guid Appointment)>();
        for (var i = 0; i < 8; i++)
        {
            var donor = await events.Donor();
            donors.Add((donor, (await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, Day, donor, backfillReason: "paper", channel: i < 5 ? "wechat" : "poster"))).Id));
        }
        // Six come, and a walk-in; one of them is deferred; six give.
        var visits = donors.Take(6).Select(d => (Visit: Some.Id(), d.Donor, (Guid?)d.Appointment)).Append((Some.Id(), await events.Donor(), null)).ToArray();
        foreach (var (visit, donor, appointment) in visits) await service.Deliver(EventService.VisitOpened(visit, donor, drive, appointment));
        await service.Deliver(new VisitDeferred { Key = visits[0].Donor.ToString(), Version = 4, OccurredAt = Day, VisitId = visits[0].Visit, DonorId = visits[0].Donor, DriveId = drive, Backfilled = true });
        int[] volumes = [200, 300, 400, 400, 400];
        for (var i = 0; i < 5; i++) await service.Deliver(EventService.Collected(EventService.Din(), visits[i + 1].Donor, drive, Day, volumes[i], volumes[i] - (i == 4 ? 30 : 0), firstTime: i == 0));
        var organiser = events.Organiser(organisation);

        var live = await organiser.Get($"/v1/drives/{drive}/results");
        Assert.Equal((8, 7), (live["signedUp"].GetInt32(), live["attended"].GetInt32()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, live["collected"].ValueKind);
        Assert.Equal((5, 3), (live["byChannel"].GetProperty("wechat").GetInt32(), live["byChannel"].GetProperty("poster").GetInt32()));
        await events.Steps(station, drive, Day.AddHours(4), "close");

        var full = await events.Station(station).Get($"/v1/drives/{drive}/results");
        Assert.Equal((8, 7, 1, 1, 2), (full["booked"].GetInt32(), full["checkedIn"].GetInt32(), full["walkIns"].GetInt32(), full["deferred"].GetInt32(), full["missed"].GetInt32()));
        Assert.Equal((5, 1670L, 0, 1), (full["collected"].GetInt32(), full["volumeMl"].GetInt64(), full["treatmentUnits"].GetInt32(), full["firstTime"].GetInt32()));
        Assert.Equal("""{"200":1,"300":1,"400":3}""", full["byNominalMl"].GetRawText());
        Assert.Equal((5, 3), (full["byChannel"].GetProperty("wechat").GetInt32(), full["byChannel"].GetProperty("poster").GetInt32()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, full["late"].ValueKind);
        Assert.Equal(2, (await service.Published<AppointmentMissed>()).Count(e => e.DriveId == drive));
        Assert.Equal(6, (await service.Published<AppointmentArrived>()).Count(e => e.DriveId == drive));

        var after = await organiser.Get($"/v1/drives/{drive}/results");
        Assert.Equal((5, 1670L), (after["collected"].GetInt32(), after["volumeMl"].GetInt64()));
        Assert.Equal(["driveId", "status", "signedUp", "attended", "collected", "volumeMl", "changedSince", "byChannel"], after.Body.EnumerateObject().Select(p => p.Name));
        Assert.Equal((403, "role_forbidden"), ((await events.App(Some.Id()).Get($"/v1/drives/{drive}/results")).Status, (await events.App(Some.Id()).Get($"/v1/drives/{drive}/results")).Code));
        Assert.Equal((404, "not_found"), ((await events.Station(Some.Id()).Get($"/v1/drives/{drive}/results")).Status, (await events.Station(Some.Id()).Get($"/v1/drives/{drive}/results")).Code));
    }

    [Fact]
    public async Task Who_runs_a_drive_learns_which_channel_brought_how_many_sign_ups_and_of_no_channel_what_became_of_them()
    {
        var (station, city, host) = (Some.Id(), await events.Organisation("government"), await events.Organisation());
        var organisation = await events.Organisation("street-office", city);
        var body = EventService.DriveBody(organisation, Day, backfillReason: "paper");
        body["hostOrganisationId"] = host;
        var drive = (await events.Quality(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, drive, Day, "submit", "approve", "open", "start");
        async Task<(Guid Donor, Guid Appointment)> Book(string channel)
        {
            var donor = await events.Donor();
            return (donor, (await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, Day, donor, backfillReason: "paper", channel: channel))).Id);
        }
        var booked = new[] { await Book("poster"), await Book("poster"), await Book("poster"), await Book("class-group") };
        var given = await Book("friend");
        Assert.Equal(200, (await events.Quality(station).Post($"/v1/appointments/{given.Appointment}/cancel", new { reasonCode = "not-stated" })).Status);
        const string bothChannels = """{"poster":3,"class-group":1}""";
        async Task<string> Channels(Guid reader) => (await events.Organiser(reader).Get($"/v1/drives/{drive}/results"))["byChannel"].GetRawText();
        Assert.Equal((bothChannels, bothChannels, "null"), (await Channels(organisation), await Channels(city), await Channels(host)));

        // One gives, one is deferred, one stays away: as sign-ups they are all the same.
        for (var i = 0; i < 2; i++)
        {
            var visit = Some.Id();
            await service.Deliver(EventService.VisitOpened(visit, booked[i].Donor, drive, booked[i].Appointment));
            if (i == 0) await service.Deliver(EventService.Collected(EventService.Din(), booked[i].Donor, drive, Day) with { VisitId = visit });
            else await service.Deliver(new VisitDeferred { Key = booked[i].Donor.ToString(), Version = 4, OccurredAt = Day, VisitId = visit, DonorId = booked[i].Donor, DriveId = drive, AppointmentId = booked[i].Appointment, Backfilled = true });
        }
        await events.Steps(station, drive, Day.AddHours(4), "close");
        Assert.Equal((bothChannels, bothChannels, "null"), (await Channels(organisation), await Channels(city), await Channels(host)));
        Assert.Equal(4, (await events.Organiser(organisation).Get($"/v1/drives/{drive}/results"))["signedUp"].GetInt32());
        async Task<string> Csv(Guid reader) => await (await events.Organiser(reader).GetAsync(new Uri($"/v1/drives/{drive}/results?format=csv", UriKind.Relative))).Content.ReadAsStringAsync();
        var lines = Lines(await Csv(organisation));
        Assert.Equal([$"{drive},byChannel,poster,3", $"{drive},byChannel,class-group,1"], lines.Where(l => l.Contains("hannel", StringComparison.Ordinal)));
        Assert.DoesNotContain("hannel", await Csv(host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fewer_than_five_are_not_shown_to_an_organiser()
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        var drive = await events.PastDrive(station, Day, organisation: organisation);
        for (var i = 0; i < 4; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, Day));
        await events.Steps(station, drive, Day.AddHours(4), "close");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await events.Organiser(organisation).Get($"/v1/drives/{drive}/results"))["collected"].ValueKind);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await events.Organiser(organisation).Get($"/v1/organisations/{organisation}/results"))["volumeMl"].ValueKind);
        await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, Day));
        Assert.Equal(5, (await events.Organiser(organisation).Get($"/v1/drives/{drive}/results"))["collected"].GetInt32());
    }

    [Fact]
    public async Task Eight_deliveries_of_a_collection_are_one_count()
    {
        var station = Some.Id();
        var drive = await events.PastDrive(station, Day);
        var collected = EventService.Collected(EventService.Din(), await events.Donor(), drive, Day) with { EventId = Some.Id() };
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Deliver(collected)));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Deliver(collected with { EventId = Some.Id() }))); // a replay that the inbox no longer remembers
        var results = await events.Station(station).Get($"/v1/drives/{drive}/results");
        Assert.Equal((1, 400), (results["collected"].GetInt32(), results["volumeMl"].GetInt32()));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.parked_message"));
    }

    [Fact]
    public async Task Facts_that_arrive_in_another_order_give_the_same_results()
    {
        var station = Some.Id();
        var drive = await events.PastDrive(station, Day);
        var donor = await events.Donor();
        var booked = await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, Day, donor, backfillReason: "paper"));
        var visit = Some.Id();
        // The end before the beginning, and the drive closed before any of it was known here.
        await events.Steps(station, drive, Day.AddHours(4), "close");
        Assert.Equal("missed", (await events.Station(station).Get($"/v1/appointments/{booked.Id}")).Text("status"));
        await service.Deliver(
            EventService.Collected(EventService.Din(), donor, null, Day) with { AppointmentId = booked.Id },
            new VisitCompleted { Key = donor.ToString(), Version = 7, OccurredAt = Day, VisitId = visit, DonorId = donor, AppointmentId = booked.Id, Backfilled = true },
            EventService.VisitOpened(visit, donor, null, booked.Id));
        var results = await events.Station(station).Get($"/v1/drives/{drive}/results");
        Assert.Equal((1, 1, 0, 0, 1), (results["booked"].GetInt32(), results["checkedIn"].GetInt32(), results["walkIns"].GetInt32(), results["missed"].GetInt32(), results["collected"].GetInt32()));
        var arrived = Assert.Single(await service.Published<AppointmentArrived>(), e => e.AppointmentId == booked.Id);
        Assert.Equal(3, arrived.Version);
        Assert.Equal((visit, "arrived"), ((await events.Station(station).Get($"/v1/appointments/{booked.Id}"))["visitId"].GetGuid(), (await events.Station(station).Get($"/v1/appointments/{booked.Id}")).Text("status")));
    }

    [Fact]
    public async Task A_donor_checked_in_without_naming_his_booking_has_still_kept_it()
    {
        var station = Some.Id();
        var drive = await events.PastDrive(station, Day);
        var donor = await events.Donor();
        var booked = await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, Day, donor, backfillReason: "paper"));
        var visit = Some.Id();
        await service.Deliver(EventService.VisitOpened(visit, donor, drive), EventService.VisitOpened(visit, donor, drive));
        Assert.Equal("arrived", (await events.Station(station).Get($"/v1/appointments/{booked.Id}")).Text("status"));
        Assert.Single(await service.Published<AppointmentArrived>(), e => e.AppointmentId == booked.Id);
    }

    [Fact]
    public async Task An_older_version_of_a_donor_changes_nothing()
    {
        var (donor, app) = (Some.Id(), Some.Id());
        await service.Deliver(EventService.Registered(donor, 5, apps: app), EventService.Eligible(donor, 6));
        await service.Deliver(EventService.Registered(donor, 1), EventService.Eligible(donor, 2, new DateWindow(new DateOnly(2000, 1, 1), new DateOnly(2000, 1, 2))));
        Assert.Equal((5L, 6L, 1), (await service.Database.Scalar<long>("select profile_version from event.donor where donor_id = @donor", new { donor }),
            await service.Database.Scalar<long>("select eligibility_version from event.donor where donor_id = @donor", new { donor }),
            await service.Database.Scalar<int>("select cardinality(apps) from event.donor where donor_id = @donor", new { donor })));
    }

    [Fact]
    public async Task A_booking_that_is_being_made_while_the_drive_closes_is_settled_by_the_closing()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station, EventService.Now.AddHours(1));
        await events.Steps(station, drive, null, "start");
        var slot = (await service.Anonymous().Get($"/v1/drives/{drive}/slots"))["items"][0].GetProperty("startsAt").GetDateTimeOffset();

        // Somebody holds the donor, so that the booking has found the drive open and has written nothing yet.
        await using var connection = new Npgsql.NpgsqlConnection(service.Database.Superuser);
        await connection.OpenAsync();
        await using var holding = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("select 1 from event.donor where donor_id = @donor for update", connection, holding) { Parameters = { new("donor", donor) } }) await hold.ExecuteNonQueryAsync();
        Task<long> Waiting() => service.Database.Scalar<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
        var booking = events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, slot, donor));
        await Eventually.That(async () => await Waiting() == 1);
        var closing = events.Station(station).Post($"/v1/drives/{drive}/close");
        await Eventually.That(async () => closing.IsCompleted || await Waiting() == 2);
        await holding.CommitAsync();

        Assert.Equal((201, 200), ((await booking).Status, (await closing).Status));
        Assert.Equal("cancelled", (await events.Station(station).Get($"/v1/appointments/{(await booking).Id}")).Text("status")); // its slot had not begun
        var made = (await booking).Id;
        Assert.Single(await service.Published<AppointmentCancelled>(), e => e.AppointmentId == made);
        Assert.Equal((409, "drive_not_open"), ((await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, slot, await events.Donor()))) is var late ? (late.Status, late.Code) : default));
    }

    [Fact]
    public async Task What_becomes_known_after_the_closing_changes_the_results_and_says_since_when()
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        var drive = await events.PastDrive(station, Day, organisation: organisation);
        var six = Enumerable.Range(0, 6).Select(_ => EventService.Collected(EventService.Din(), Some.Id(), drive, Day)).ToArray();
        foreach (var collected in six) await service.Deliver(collected);
        await events.Steps(station, drive, Day.AddHours(4), "close");
        var closed = await events.Station(station).Get($"/v1/drives/{drive}/results");
        Assert.Equal(Day.AddHours(4), closed["closedAt"].GetDateTimeOffset());
        var before = TimeProvider.System.GetUtcNow();

        // A visit without a network, a bag that was weighed wrongly, one that was another donor's.
        var (visit, offline) = (Some.Id(), await events.Donor());
        await service.Deliver(EventService.VisitOpened(visit, offline, drive), EventService.Collected(EventService.Din(), offline, drive, Day) with { VisitId = visit });
        await service.Deliver(EventService.Corrected(six[0], 1, 388, 400));
        await service.Deliver(EventService.Voided(six[1], 1));
        await service.Deliver(EventService.Voided(six[1], 1) with { EventId = Some.Id() }); // told again
        var late = (await events.Station(station).Get($"/v1/drives/{drive}/results"))["late"];
        Assert.Equal((1, 0, 0, 400 - 12 - 400), (late.GetProperty("checkedIn").GetInt32(), late.GetProperty("deferred").GetInt32(), late.GetProperty("collected").GetInt32(), late.GetProperty("volumeMl").GetInt64()));
        Assert.InRange(late.GetProperty("since").GetDateTimeOffset(), before.AddSeconds(-1), late.GetProperty("last").GetDateTimeOffset());
        var organiser = await events.Organiser(organisation).Get($"/v1/drives/{drive}/results");
        Assert.Equal((6, 2388L, late.GetProperty("since").GetDateTimeOffset()), (organiser["collected"].GetInt32(), organiser["volumeMl"].GetInt64(), organiser["changedSince"].GetDateTimeOffset()));
        // As a spreadsheet opens it: with its mark, a line for each number.
        var csv = await (await events.Station(station).GetAsync(new Uri($"/v1/drives/{drive}/results?format=csv", UriKind.Relative))).Content.ReadAsByteArrayAsync();
        Assert.Equal(System.Text.Encoding.UTF8.GetPreamble(), csv[..3]);
        var lines = Lines(System.Text.Encoding.UTF8.GetString(csv[3..]));
        Assert.Equal(["driveId,measure,of,value", $"{drive},collected,,6", $"{drive},volumeMl,,2388", $"{drive},byNominalMl,400,6", $"{drive},collectedByChannel,walk-in,6"],
            lines.Where(l => l.StartsWith("driveId", StringComparison.Ordinal) || l.Contains("collected", StringComparison.Ordinal) || l.Contains("volumeMl", StringComparison.Ordinal) || l.Contains("Nominal", StringComparison.Ordinal)));
        string[] alsoLate = [$"closedAt,,{closed.Text("closedAt")}", $"lateSince,,{late.GetProperty("since").GetString()}", $"lateLast,,{late.GetProperty("last").GetString()}",
            "lateCheckedIn,,1", "lateDeferred,,0", "lateCollected,,0", "lateVolumeMl,,-12", "lateTreatmentUnits,,0", "lateFirstTime,,0"];
        Assert.Equal(alsoLate.Select(l => $"{drive},{l}"), lines.Where(l => l.Contains(",late", StringComparison.Ordinal) || l.Contains(",closedAt", StringComparison.Ordinal)));
        Assert.Contains($"{drive},status,,closed", lines);
        var organisersLines = Lines(await (await events.Organiser(organisation).GetAsync(new Uri($"/v1/drives/{drive}/results?format=csv", UriKind.Relative))).Content.ReadAsStringAsync());
        Assert.Equal([$"{drive},status,,closed", $"{drive},signedUp,,0", $"{drive},attended,,1", $"{drive},collected,,6", $"{drive},volumeMl,,2388", $"{drive},changedSince,,{organiser.Text("changedSince")}"], organisersLines[1..^1]);
        Assert.Equal((422, "invalid_value"), (await events.Station(station).Get($"/v1/drives/{drive}/results?format=pdf")) is var no ? (no.Status, no.Code) : default);
    }

    [Fact]
    public async Task A_spreadsheet_has_no_line_of_what_came_late_where_nothing_did_and_an_empty_one_of_what_is_not_yet()
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        var drive = await events.PastDrive(station, Day, organisation: organisation);
        var lines = Lines(await (await events.Station(station).GetAsync(new Uri($"/v1/drives/{drive}/results?format=csv", UriKind.Relative))).Content.ReadAsStringAsync());
        Assert.DoesNotContain(lines, l => l.Contains(",late", StringComparison.Ordinal));
        Assert.Contains($"{drive},closedAt,,", lines);
        Assert.Contains($"{drive},changedSince,,", Lines(await (await events.Organiser(organisation).GetAsync(new Uri($"/v1/drives/{drive}/results?format=csv", UriKind.Relative))).Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task A_collection_is_counted_for_the_channel_of_the_booking_that_the_check_in_found_in_whatever_order()
    {
        var station = Some.Id();
        foreach (var collectedFirst in new[] { true, false })
        {
            var drive = await events.PastDrive(station, Day);
            var donor = await events.Donor();
            Assert.Equal(201, (await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, Day, donor, backfillReason: "paper", channel: "poster"))).Status);
            var visit = Some.Id();
            DomainEvent[] both = [EventService.VisitOpened(visit, donor, drive), EventService.Collected(EventService.Din(), donor, drive, Day) with { VisitId = visit }];
            await service.Deliver(collectedFirst ? [.. both.Reverse()] : both);
            Assert.Equal("""{"poster":1}""", (await events.Station(station).Get($"/v1/drives/{drive}/results"))["collectedByChannel"].GetRawText());
        }
    }

    [Fact]
    public async Task The_sums_are_those_of_the_rows_whatever_came_how_often_and_at_the_same_time()
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        var drives = new[] { await events.PastDrive(station, Day, organisation: organisation), await events.PastDrive(station, Day.AddDays(1), organisation: organisation) };
        var random = new Random(5);
        var facts = new List<DomainEvent>();
        for (var i = 0; i < 30; i++)
        {
            var (donor, visit, drive) = (Some.Id(), Some.Id(), drives[i % 2]);
            var collected = EventService.Collected(EventService.Din(), donor, drive, Day, i % 3 == 0 ? 200 : 400, firstTime: i % 4 == 0) with { VisitId = visit };
            facts.Add(EventService.VisitOpened(visit, donor, drive));
            if (i % 5 == 0) facts.Add(new VisitDeferred { Key = donor.ToString(), Version = 4, OccurredAt = Day, VisitId = visit, DonorId = donor, DriveId = drive, Backfilled = true });
            else facts.Add(collected);
            if (i % 5 == 1) facts.Add(EventService.Corrected(collected, 1, 390, 400));
            if (i % 5 == 2) facts.Add(EventService.Voided(collected, 2));
            if (i % 5 == 3) facts.Add(new DonationFirstTimeChanged { Key = donor.ToString(), Version = 9, OccurredAt = Day, Din = collected.Din, DonorId = donor, FirstTime = i % 4 != 0 });
        }
        var twice = facts.Concat(facts.Select(f => f with { EventId = Some.Id() })).OrderBy(_ => random.Next()).ToArray();
        await Parallel.ForEachAsync(twice, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (e, _) => await service.Deliver(e));
        Assert.Equal(0, await service.Database.Scalar<long>("""
            select count(*) from (select drive_id, donated_on as day, channel, nominal_ml, count(*)::bigint as n, sum(collected_ml)::bigint as ml, (count(*) filter (where first_time))::bigint as first from event.donation where not voided and drive_id = any(@drives) group by 1, 2, 3, 4) r
            full join (select drive_id, day, channel, nominal_ml, sum(donations)::bigint as n, sum(volume_ml)::bigint as ml, sum(first_time)::bigint as first from event.collected where drive_id = any(@drives) group by 1, 2, 3, 4 having sum(donations) <> 0) s using (drive_id, day, channel, nominal_ml, n, ml, first)
            where r.n is null or s.n is null
            """, new { drives }));
        var sums = await events.Station(station).Get($"/v1/organisations/{organisation}/results");
        Assert.Equal((30, 18), (sums["attended"].GetInt32(), sums["collected"].GetInt32()));
        Assert.Equal(6, await service.Database.Scalar<int>("select sum(deferred)::int from event.attended where drive_id = any(@drives)", new { drives }));
        var csv = (await (await events.Station(station).GetAsync(new Uri($"/v1/organisations/{organisation}/results?format=csv", UriKind.Relative))).Content.ReadAsStringAsync()).ReplaceLineEndings("\n").Split('\n');
        Assert.StartsWith($"whole,{organisation},,2,0,30,18,", csv[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_organisations_spreadsheet_adds_up_its_parts_with_those_that_moved_away_and_has_what_is_hosted_elsewhere_beside_them()
    {
        var (station, city) = (await events.StationOf(), await events.Organisation("government", name: "测试市"));
        var (stays, goes, outside) = (await events.Organisation("street-office", city, "=1+1"), await events.Organisation("street-office", city, "测试西街道"), await events.Organisation());
        foreach (var (organiser, donors) in new[] { (city, 1), (stays, 2), (goes, 3) })
        {
            var drive = await events.PastDrive(station, Day, organisation: organiser);
            for (var i = 0; i < donors; i++) await service.Deliver(EventService.Collected(EventService.Din(), Some.Id(), drive, Day));
        }
        var body = EventService.DriveBody(outside, Day, backfillReason: "paper");
        body["hostOrganisationId"] = stays;
        var hosted = (await events.Quality(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, hosted, Day, "submit", "approve", "open", "start");
        await service.Deliver(EventService.Collected(EventService.Din(), Some.Id(), hosted, Day, 200));
        Assert.Equal(200, (await events.Station(station).Post($"/v1/organisations/{goes}/move", new { parentId = outside, from = Shanghai.DateOf(Day).AddDays(5), reasonCode = "boundary-change" }, Some.Key())).Status);
        Assert.Equal(200, (await events.Station(station).Put($"/v1/organisations/{stays}/targets", new { from = "2024-01-01", to = "2024-12-31", donations = 9 })).Status);

        var lines = Lines(await (await events.Station(station).GetAsync(new Uri($"/v1/organisations/{city}/results?from=2024-01-01&to=2024-12-31&format=csv", UriKind.Relative))).Content.ReadAsStringAsync());
        Assert.Equal([
            "part,organisationId,name,drives,signedUp,attended,collected,volumeMl,treatmentUnits,targetDonations,targetVolumeMl,present,from,to",
            $"whole,{city},,3,0,0,6,2400,0,9,0,,2024-01-01,2024-12-31", $"own,{city},,1,0,0,1,400,0,,,,2024-01-01,2024-12-31",
            $"child,{stays},\"'=1+1\",1,0,0,2,800,0,9,0,true,2024-01-01,2024-12-31", $"child,{goes},测试西街道,1,0,0,3,1200,0,,,false,2024-01-01,2024-12-31",
            $"hostedElsewhere,{city},,1,0,0,1,200,0,,,,2024-01-01,2024-12-31", "",
        ], lines);
    }

    [Fact]
    public async Task Collections_at_a_stations_own_rooms_are_counted_side_by_side_and_add_up()
    {
        var station = Some.Id();
        var collected = Enumerable.Range(0, 40).Select(i => EventService.Collected(EventService.Din(), Some.Id(), null, Day, i % 2 == 0 ? 200 : 400) with { StationId = station }).ToArray();
        await Parallel.ForEachAsync(collected, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (e, _) => await service.Deliver(e));
        await Parallel.ForEachAsync(collected.Where((_, i) => i % 4 == 0), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (e, _) => await service.Deliver(EventService.Voided(e, 1)));
        Assert.Equal((30, 10 * 200 + 20 * 400), (await Sum("donations"), await Sum("volume_ml")));
        Assert.InRange(await service.Database.Scalar<int>("select count(distinct part)::int from event.collected where station_id = @station and nominal_ml = 400", new { station }), 2, 8);

        Task<int> Sum(string column) => service.Database.Scalar<int>($"select sum({column})::int from event.collected where station_id = @station", new { station });
    }
}
