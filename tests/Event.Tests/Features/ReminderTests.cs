using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class ReminderTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    /// <summary>Another replica's sweep, at an hour of the test's own.</summary>
    private Task Remind(DateTimeOffset now, CancellationToken? ct = null) =>
        new RemindBooked(new At(service.App.Services.GetRequiredService<IServiceScopeFactory>(), now), NullLogger<RemindBooked>.Instance).LookNow(ct ?? TestContext.Current.CancellationToken);

    private async Task<Guid[]> Bookings(HttpClient http, Guid drive, int count, DateTimeOffset slot)
    {
        var bookings = new Guid[count];
        for (var i = 0; i < count; i++) bookings[i] = (await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, await events.Donor()))).Id;
        return bookings;
    }

    private async Task<List<string>> Told(params Guid[] bookings) =>
        [.. (await service.Published<NoticeRequested>()).Where(n => n.Purpose == "reminder" && bookings.Contains(n.References.AppointmentId!.Value)).Select(n => $"{n.TemplateCode} {Shanghai.Local(n.References.SlotStartsAt!.Value).Hour} {Array.IndexOf(bookings, n.References.AppointmentId!.Value)}").Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Each_booking_is_reminded_once_of_each_kind_and_a_moved_one_of_its_new_slot()
    {
        var (station, ten) = (Some.Id(), EventService.Morning(21));
        var http = events.Station(station);
        var drive = await events.OpenDrive(station, ten);
        var bookings = await Bookings(http, drive, 4, ten);
        await Remind(ten.AddHours(-24).AddMinutes(-1)); // too early
        Assert.Empty(await Told(bookings));
        Assert.Equal(200, (await http.Post($"/v1/appointments/{bookings[3]}/cancel")).Status);
        for (var i = 0; i < 2; i++) await Remind(ten.AddHours(-24));
        Assert.Equal(["reminder-24h 10 0", "reminder-24h 10 1", "reminder-24h 10 2"], await Told(bookings));
        var notice = (await service.Published<NoticeRequested>()).First(n => n.References.AppointmentId == bookings[0]);
        Assert.Equal((drive, ten, ten), (notice.References.DriveId!.Value, notice.References.SlotStartsAt!.Value, notice.NotAfter));

        Assert.Equal(200, (await http.Post($"/v1/appointments/{bookings[1]}/move", new { slotStartsAt = ten.AddHours(3) })).Status);
        await service.Database.Execute("update event.appointment set placed_at = @at where id = @id", new { at = ten.AddHours(-2), id = bookings[2] }); // got this slot two hours before: he knows
        // Seven in the morning is night, eight is not.
        foreach (var hours in new[] { -21, -3, -2, 0 }) await Remind(ten.AddHours(hours));
        Assert.Equal(["reminder-24h 10 0", "reminder-24h 10 1", "reminder-24h 10 2", "reminder-24h 13 1", "reminder-3h 10 0", "reminder-3h 13 1"], await Told(bookings));
    }

    [Fact]
    public async Task Two_replicas_and_one_that_is_killed_in_the_middle_remind_everybody_once()
    {
        var (station, ten) = (Some.Id(), EventService.Morning(23));
        var http = events.Station(station);
        var drive = await events.OpenDrive(station, ten, capacity: 300);
        var donors = Enumerable.Range(0, 230).Select(_ => Some.Id()).ToArray();
        await service.Database.Execute("""
            insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, backfilled, booked_at, created_at)
            select gen_random_uuid(), 1, @drive, @ten, d, 'whole-blood', 'wechat', 'booked', false, now() - interval '1 day', now() from unnest(@donors) d
            """, new { drive, ten, donors });
        await service.Database.Execute("update event.slot set booked = 230 where drive_id = @drive and starts_at = @ten", new { drive, ten });
        using var killed = new CancellationTokenSource();
        // The first runner dies after its first hundred; two others, at once, go on.
        var first = Remind(ten.AddHours(-24), killed.Token);
        await Eventually.That(async () => await Count(drive) >= 100);
        await killed.CancelAsync();
        try { await first; } catch (OperationCanceledException) { /* killed */ } catch (Npgsql.NpgsqlException) { /* in the middle of a statement */ }
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Remind(ten.AddHours(-24))));
        await Remind(ten.AddHours(-23));
        Assert.Equal(230, await Count(drive));
        Assert.Equal(donors.Order(), (await service.Published<NoticeRequested>()).Where(n => n.References.DriveId == drive).Select(n => n.DonorId).Order());
    }

    private Task<int> Count(Guid drive) => service.Database.Scalar<int>("select count(*)::int from event.reminder r join event.appointment a on a.id = r.appointment_id where a.drive_id = @drive", new { drive });

    /// <summary>The service's database with another clock.</summary>
    private sealed class At(IServiceScopeFactory scopes, DateTimeOffset now) : TimeProvider, IServiceScopeFactory, IServiceScope, IServiceProvider
    {
        private readonly IServiceScope scope = scopes.CreateScope();

        public override DateTimeOffset GetUtcNow() => now.ToUniversalTime();

        public IServiceProvider ServiceProvider => this;

        public IServiceScope CreateScope() => this;

        public object? GetService(Type serviceType) => serviceType == typeof(Database) ? ActivatorUtilities.CreateInstance(scope.ServiceProvider, typeof(Database), this, scope.ServiceProvider.GetRequiredService<Request>()) : scope.ServiceProvider.GetService(serviceType);

        public void Dispose() { }
    }
}
