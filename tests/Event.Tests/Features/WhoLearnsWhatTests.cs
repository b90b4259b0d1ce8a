using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Every way by which a deferral could show in this service to those who must not learn of it.</summary>
[Collection(EventCollection.Name)]
public sealed class WhoLearnsWhatTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private static readonly DateTimeOffset Day = new(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    [Fact]
    public async Task Booking_day_after_day_does_not_tell_an_app_when_a_deferral_ends()
    {
        var (station, app, donor, today) = (Some.Id(), Some.Id(), Some.Id(), Shanghai.DateOf(EventService.Now));
        // Deferred until five days from now; the windows say so to this service.
        await service.Deliver(EventService.Registered(donor, apps: app), new DonorEligibilityChanged
        {
            Key = donor.ToString(), Version = 2, OccurredAt = EventService.Now, DonorId = donor, RuleSet = EventService.RuleSet, RuleSetVersion = "2012",
            Procedures = [new("whole-blood", [new(new(2012, 1, 1), today.AddDays(-3)), new(today.AddDays(5), null)], [new(today.AddDays(-2), today.AddDays(4))]), new("apheresis-platelets", [new(new(2012, 1, 1), null)], [])],
        });
        var answers = new List<string>();
        foreach (var days in new[] { 2, 7, 300 })
        {
            var drive = await events.OpenDrive(station, EventService.Morning(days));
            var answer = await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(days), donor));
            answers.Add($"{answer.Status} {answer.Code} {answer["title"]} {(answer.Body.TryGetProperty("detail", out var detail) ? detail : default)}");
        }
        Assert.Single(answers.Distinct());
        Assert.StartsWith("422 not_eligible", answers[0], StringComparison.Ordinal);
        // The station knows, so it may; and what is open to the donor apart from that stays open.
        var later = await events.OpenDrive(station, EventService.Morning(7));
        Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(later, EventService.Morning(7), donor))).Status);
        var other = await events.OpenDrive(station, EventService.Morning(40));
        Assert.Equal((409, "already_booked"), Code(await events.App(app).Post("/v1/appointments", EventService.BookingBody(other, EventService.Morning(40), donor, "apheresis-platelets"))));
        // An app can't move him either, and a past deferral is over.
        var booked = (await service.Database.Query<Guid>("select id from event.appointment where donor_id = @donor", new { donor })).Single();
        Assert.Equal((422, "not_eligible"), Code(await events.App(app).Post($"/v1/appointments/{booked}/move", new { slotStartsAt = EventService.Morning(7).AddHours(1) })));
        var healthy = Some.Id();
        await service.Deliver(EventService.Registered(healthy, apps: app), new DonorEligibilityChanged
        {
            Key = healthy.ToString(), Version = 2, OccurredAt = EventService.Now, DonorId = healthy, RuleSet = EventService.RuleSet, RuleSetVersion = "2012",
            Procedures = [new("whole-blood", [new(new(2012, 1, 1), null)], [new(today.AddDays(-9), today.AddDays(-1))])],
        });
        Assert.Equal(201, (await events.App(app).Post("/v1/appointments", EventService.BookingBody(later, EventService.Morning(7), healthy))).Status);
    }

    [Fact]
    public async Task A_stations_reason_for_cancelling_is_not_the_apps()
    {
        var (station, app) = (Some.Id(), Some.Id());
        var drive = await events.OpenDrive(station);
        var booked = await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), await events.Donor(app)));
        Assert.Equal("anti-hcv", (await events.Station(station).Post($"/v1/appointments/{booked.Id}/cancel", new { reasonCode = "anti-hcv" })).Text("reasonCode"));
        Assert.DoesNotContain("anti-hcv", (await events.App(app).Get($"/v1/appointments/{booked.Id}")).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("anti-hcv", (await events.App(app).Get($"/v1/appointments?driveId={drive}")).ToString(), StringComparison.Ordinal);
        Assert.Equal("anti-hcv", (await events.Station(station).Get($"/v1/appointments/{booked.Id}")).Text("reasonCode"));
    }

    [Fact]
    public async Task The_difference_of_two_sums_does_not_show_an_organiser_what_neither_does()
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        var (large, small) = (await events.PastDrive(station, Day, organisation: organisation), await events.PastDrive(station, Day.AddDays(10), organisation: organisation));
        for (var i = 0; i < 6; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), large, Day));
        // Three came to the second drive and two gave: who of them was deferred is one guess away.
        for (var i = 0; i < 3; i++) await service.Deliver(EventService.VisitOpened(Some.Id(), await events.Donor(), small));
        for (var i = 0; i < 2; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), small, Day.AddDays(10)));
        foreach (var drive in new[] { large, small }) await events.Steps(station, drive, Day.AddDays(11), "close");
        async Task<(int?, long?)> Seen(HttpClient reader, string query)
        {
            var answer = await reader.Get($"/v1/organisations/{organisation}/results{query}");
            return answer["collected"].ValueKind == System.Text.Json.JsonValueKind.Null ? (null, null) : (answer["collected"].GetInt32(), answer["volumeMl"].GetInt64());
        }
        var organiser = events.Organiser(organisation);
        Assert.Equal((6, 2400L), await Seen(organiser, "?to=2024-03-10"));
        Assert.Equal((6, 2400L), await Seen(organiser, ""));
        Assert.Equal((null, null), await Seen(organiser, "?from=2024-03-10"));
        Assert.Equal((8, 3200L), await Seen(events.Station(station), ""));
    }

    [Fact]
    public async Task Who_asked_for_erasure_loses_his_places_in_the_future_and_nobody_books_for_him()
    {
        var (station, app) = (Some.Id(), Some.Id());
        var (donor, neighbour) = (await events.Donor(app), await events.Donor(app));
        var (drive, past) = (await events.OpenDrive(station, capacity: 2), await events.PastDrive(station, Day));
        var kept = await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(past, Day, donor, backfillReason: "paper"));
        var mine = await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor));
        await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), neighbour));
        var erased = new DonorErased { Key = donor.ToString(), Version = 9, OccurredAt = EventService.Now, ErasureId = Some.Id(), DonorId = donor, EventId = Some.Id() };
        await service.Deliver(erased, erased, erased with { EventId = Some.Id() }); // again, and an old replay
        // What was said before it and comes after it changes nothing.
        await service.Deliver(EventService.Registered(donor, 1, apps: app), EventService.Eligible(donor, 3));

        var cancelled = Assert.Single(await service.Published<AppointmentCancelled>(), e => e.DonorId == donor);
        Assert.Equal((mine.Id, "donor-erased"), (cancelled.AppointmentId, cancelled.ReasonCode));
        Assert.Equal(("cancelled", "booked"), ((await events.Station(station).Get($"/v1/appointments/{mine.Id}")).Text("status"), (await events.Station(station).Get($"/v1/appointments/{kept.Id}")).Text("status")));
        Assert.Equal(1, (await service.Anonymous().Get($"/v1/drives/{drive}/slots"))["items"][0].GetProperty("booked").GetInt32());
        Assert.Equal(404, (await events.App(app).Get($"/v1/appointments/{mine.Id}")).Status);
        Assert.Equal((409, "not_yet_visible"), Code(await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor)))); // fresh, and nobody the app knows
        Assert.Equal((422, "not_eligible"), Code(await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor))));
        Assert.Equal("erased||0", await service.Database.Scalar<string>("select status || '|' || coalesce(district, '') || '|' || cardinality(apps) from event.donor where donor_id = @donor", new { donor }));
    }

    [Fact]
    public async Task An_erasure_that_comes_before_the_donor_is_not_undone_by_him()
    {
        var (donor, app) = (Some.Id(), Some.Id());
        await service.Deliver(new DonorErased { Key = donor.ToString(), Version = 3, OccurredAt = EventService.Now, ErasureId = Some.Id(), DonorId = donor });
        await service.Deliver(EventService.Eligible(donor, 2), EventService.Registered(donor, 1, apps: app));
        Assert.Equal("erased", await service.Database.Scalar<string>("select status from event.donor where donor_id = @donor", new { donor }));
    }

    private static DonorEligibilityChanged Closed(Guid donor, long version, int until, bool medical) => new()
    {
        Key = donor.ToString(), Version = version, OccurredAt = EventService.Now, DonorId = donor, RuleSet = EventService.RuleSet, RuleSetVersion = "2012",
        Procedures = [.. new[] { "whole-blood", "apheresis-platelets" }.Select(p => new ProcedureWindows(p, [new(Shanghai.DateOf(EventService.Morning(until)), null)], medical ? [new(Shanghai.DateOf(EventService.Now), Shanghai.DateOf(EventService.Morning(until - 1)))] : []))],
    };

    /// <summary>What Donor is asked to tell him, of which his app reads ContactRequested: the text, what it refers to, and when.</summary>
    private async Task<IEnumerable<string>> Told(Guid donor) => (await service.Published<NoticeRequested>()).Where(n => n.DonorId == donor)
        .Select(n => $"{n.Purpose} {n.TemplateCode} {n.References.Procedure} {n.References.On} {n.References.SlotStartsAt} {n.References.AlternativeDriveIds?.Length} {n.NotBefore == n.OccurredAt} {n.NotAfter == n.References.SlotStartsAt}");

    [Fact]
    public async Task A_place_that_goes_is_told_an_app_in_the_same_events_at_the_same_distance_whether_a_deferral_took_it_or_an_interval_and_an_organiser_as_if_the_donor_gave_it_back()
    {
        var (station, app) = (Some.Id(), Some.Id());
        var drive = await events.OpenDrive(station, EventService.Morning(7));
        async Task<(List<string> App, List<string> Organiser)> After(string cause)
        {
            var donor = await events.Donor(app);
            var booking = await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor));
            if (cause == "himself") Assert.Equal(200, (await events.App(app).Post($"/v1/appointments/{booking.Id}/cancel")).Status);
            else await service.Deliver(Closed(donor, 3, 190, medical: cause == "deferral"));
            var view = (await events.App(app).Get($"/v1/appointments/{booking.Id}")).Body;
            Assert.Equal("cancelled", view.GetProperty("status").GetString());
            string[] polled = [.. view.EnumerateObject().Where(p => p.Name is not ("id" or "donorId" or "bookedAt" or "settledAt")).Select(p => p.ToString()), (await events.App(app).Get($"/v1/appointments/{booking.Id}")).Response.Headers.ETag!.Tag];
            var at = (await service.Published<AppointmentCancelled>()).Single(e => e.AppointmentId == booking.Id).OccurredAt;
            Assert.Equal(at, view.GetProperty("settledAt").GetDateTimeOffset(), TimeSpan.FromMilliseconds(1));
            return ([.. await Observed.By(Roles.App, service, donor), .. await Told(donor), .. polled], await Observed.By(Roles.Organiser, service, donor));
        }
        var (interval, deferral, himself) = (await After("interval"), await After("deferral"), await After("himself"));
        Assert.Equal(["AppointmentBooked", "AppointmentCancelled", "booking"], interval.App.Take(3).Select(e => e.Split(' ')[0]));
        Assert.Contains("\"reasonCode\":\"no_longer_bookable\"", interval.App[1], StringComparison.Ordinal);
        Assert.Equal(string.Join('\n', interval.App), Observed.Alike(string.Join('\n', interval.App), string.Join('\n', deferral.App)));
        Assert.Equal(["AppointmentBooked", "AppointmentCancelled"], himself.Organiser.Select(e => e.Split(' ')[0]));
        Assert.Equal(string.Join('\n', himself.Organiser), Observed.Alike(string.Join('\n', himself.Organiser), string.Join('\n', deferral.Organiser)));
        Assert.Equal(string.Join('\n', himself.Organiser), Observed.Alike(string.Join('\n', himself.Organiser), string.Join('\n', interval.Organiser)));
    }

    [Fact]
    public async Task Who_came_and_did_not_give_leaves_an_app_and_an_organiser_the_same_events_answers_and_sums_whether_he_was_deferred_or_went()
    {
        var app = Some.Id();
        async Task<string> After(string cause)
        {
            var (station, organisation, donor, visit) = (Some.Id(), await events.Organisation(), await events.Donor(app), Some.Id());
            var drive = await events.PastDrive(station, Day, organisation: organisation);
            var booking = await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, Day, donor, backfillReason: "paper"));
            await service.Deliver(EventService.VisitOpened(visit, donor, drive, booking.Id) with { OccurredAt = Day });
            if (cause == "went") await service.Deliver(new VisitAbandoned { Key = donor.ToString(), Version = 4, OccurredAt = Day, VisitId = visit, DonorId = donor, DriveId = drive, AppointmentId = booking.Id, Backfilled = false });
            else await service.Deliver(new VisitDeferred { Key = donor.ToString(), Version = 4, OccurredAt = Day, VisitId = visit, DonorId = donor, DriveId = drive, AppointmentId = booking.Id, Backfilled = false }, Closed(donor, 5, 190, medical: true));
            var during = (await events.Organiser(organisation).Get($"/v1/drives/{drive}/results")).Body.ToString();
            await events.Steps(station, drive, Day.AddDays(1), "close");
            var after = (await events.Organiser(organisation).Get($"/v1/drives/{drive}/results")).Body.ToString();
            var view = (await events.App(app).Get($"/v1/appointments/{booking.Id}")).Body.ToString();
            var told = (await Observed.By(Roles.App, service, donor)).Concat(await Told(donor));
            return string.Join('\n', [.. told, "organiser", .. await Observed.By(Roles.Organiser, service, donor), .. new[] { during, after, view }.Select(text =>
                System.Text.RegularExpressions.Regex.Replace(text, """[0-9a-f-]{36}|(?<="(bookedAt|settledAt)":")[^"]+""", "", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5)))]);
        }
        var went = await After("went");
        Assert.Equal(["AppointmentBooked", "AppointmentArrived", "organiser", "AppointmentBooked", "AppointmentArrived"], went.Split('\n').Take(5).Select(e => e.Split(' ')[0]));
        Assert.Equal(went, Observed.Alike(went, await After("deferred")));
    }

    /// <summary>docs/decisions/0006, what time tells: a place on a day that is open to him is the donor's; to take it too, so that nobody could count, would harm him.</summary>
    [Fact]
    public async Task By_contract_an_app_sees_which_places_go_and_so_between_which_of_them_a_deferral_ends_but_no_date_and_no_new_place_on_either_day()
    {
        var (station, app) = (Some.Id(), Some.Id());
        int[] days = [7, 60];
        var drives = new List<Guid>();
        foreach (var day in days) drives.Add(await events.OpenDrive(station, EventService.Morning(day)));
        async Task<(string Kept, List<string> Answers)> After(int until)
        {
            var donor = await events.Donor(app);
            for (var i = 0; i < 2; i++) Assert.Equal(201, (await events.App(app).Post("/v1/appointments", EventService.BookingBody(drives[i], EventService.Morning(days[i]), donor, "apheresis-platelets"))).Status);
            await service.Deliver(Closed(donor, 3, until, medical: true));
            var kept = await service.Database.Scalar<string>("select string_agg(status, ' ' order by slot_starts_at) from event.appointment where donor_id = @donor", new { donor });
            var answers = new List<string>();
            foreach (var day in new[] { 8, 61, 300 })
            {
                var other = await events.OpenDrive(station, EventService.Morning(day));
                var answer = await events.App(app).Post("/v1/appointments", EventService.BookingBody(other, EventService.Morning(day), donor));
                answers.Add($"{answer.Status} {answer.Code} {answer["title"]}");
            }
            var said = (await service.Published<AppointmentCancelled>()).Where(e => e.DonorId == donor).Select(e => System.Text.Json.JsonSerializer.Serialize(e, Json.Options)).Concat(await Told(donor));
            foreach (var text in said) Assert.DoesNotContain(Shanghai.DateOf(EventService.Morning(until)).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), text, StringComparison.Ordinal);
            return (kept, answers);
        }
        var (cold, lasting) = (await After(10), await After(4000));
        Assert.Equal(("cancelled booked", "cancelled cancelled"), (cold.Kept, lasting.Kept));
        Assert.Equal(lasting.Answers, cold.Answers);
        Assert.All(cold.Answers, a => Assert.StartsWith("422 not_eligible", a, StringComparison.Ordinal));
    }
}
