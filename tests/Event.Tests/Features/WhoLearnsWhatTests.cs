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
}
