using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Invitations;
using BloodPlatform.Drives.Rules;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Rosters, the places kept for them, claim codes, and what an organiser sees of it.</summary>
[Collection(EventCollection.Name)]
public sealed class InvitationTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private readonly DateTimeOffset slot = EventService.Morning(7);

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private DateTimeOffset ClaimBy => slot.AddDays(-2);

    private LapseInvitations Sweep => service.App.Services.GetServices<IHostedService>().OfType<LapseInvitations>().Single();

    private static object Row(int n, DateTimeOffset? at = null) => new { name = $"测{(char)('一' + n % 90)}{(char)('甲' + n / 90)}", memberNumber = $"2026{n:0000}", group = "2班", phone = $"138{n:00000000}", slotStartsAt = at?.ToString("O") };

    private async Task<(Guid Station, Guid Organisation, HttpClient Organiser, Guid Drive)> Drive(int capacity = 10, int hours = 1, int days = 7)
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        var drive = await events.Draft(station, EventService.Morning(days), capacity, "organisation", organisation, hours: hours);
        await events.Steps(station, drive, null, "submit", "approve", "open");
        return (station, organisation, events.Organiser(organisation), drive);
    }

    private Task<Answer> Invite(HttpClient http, Guid drive, int rows, int reserve = 0, int from = 0, DateTimeOffset? claimBy = null) =>
        http.Post($"/v1/drives/{drive}/group-bookings", new { rows = Enumerable.Range(from, rows).Select(n => Row(n)).ToArray(), claimBy = claimBy ?? ClaimBy, reserve });

    private static string[] Codes(Answer invited) => [.. invited["items"].EnumerateArray().Select(i => i.GetProperty("claimCode").GetString()).OfType<string>()];

    private static Guid[] Ids(Answer invited) => [.. invited["items"].EnumerateArray().Where(i => i.GetProperty("id").ValueKind == JsonValueKind.String).Select(i => i.GetProperty("id").GetGuid())];

    private Task<Answer> Book(HttpClient app, Guid drive, Guid donor, string? claimCode, DateTimeOffset? at = null) => app.Post("/v1/appointments", new { driveId = drive, slotStartsAt = at ?? slot, donorId = donor, channel = "class", claimCode });

    private static async Task<string[]> Statuses(HttpClient organiser, Guid group) =>
        [.. (await organiser.Get($"/v1/group-bookings/{group}"))["items"].EnumerateArray().Select(i => i.GetProperty("status").GetString()!)];

    private Task<string> Places(Guid drive) => service.Database.Scalar<string>("select string_agg(booked || '/' || held, ' ' order by starts_at) from event.slot where drive_id = @drive", new { drive });

    [Fact]
    public async Task A_member_claims_his_invitation_and_books_the_place_that_was_kept_for_him()
    {
        var (_, _, organiser, drive) = await Drive(capacity: 3);
        var app = Some.Id();
        var (donor, other) = (await events.Donor(app), await events.Donor(app));
        var invited = await organiser.Post($"/v1/drives/{drive}/group-bookings", new { rows = new[] { Row(1, slot), Row(2), Row(1), (object)new { name = "", phone = "1" } }, claimBy = ClaimBy });
        Assert.True(invited.Status == 201, invited.ToString());
        Assert.Equal((2, 2), (invited["accepted"].GetInt32(), invited["rejected"].GetInt32()));
        Assert.Equal(["accepted ", "accepted ", "duplicate duplicate_row", "unreadable name_missing"], invited["items"].EnumerateArray().Select(i => $"{i.GetProperty("status").GetString()} {i.GetProperty("code").GetString()}"));
        var code = Codes(invited)[0];
        Assert.Equal("0/1", await Places(drive));

        // Typed as people type.
        var claimed = await events.App(app).Post("/v1/invitations/claim", new { claimCode = code.ToLowerInvariant().Replace('-', ' '), donorId = donor });
        Assert.Equal((200, "claimed", drive, slot), (claimed.Status, claimed.Text("status"), claimed["driveId"].GetGuid(), claimed["slotStartsAt"].GetDateTimeOffset()));
        Assert.Equal(200, (await events.App(app).Post("/v1/invitations/claim", new { claimCode = code, donorId = donor })).Status);
        Assert.Equal((409, "claim_code_used"), Code(await events.App(app).Post("/v1/invitations/claim", new { claimCode = code, donorId = other })));
        Assert.Equal((409, "claim_code_used"), Code(await Book(events.App(app), drive, other, code)));
        Assert.Equal(["claimed", "invited"], await Statuses(organiser, invited.Id));
        var booked = await Book(events.App(app), drive, donor, code);
        Assert.True(booked.Status == 201, booked.ToString());
        Assert.Equal("1/0", await Places(drive));
        Assert.Equal((409, "claim_code_used"), Code(await Book(events.App(app), drive, donor, code)));
        Assert.Equal("booked", (await events.App(app).Get($"/v1/invitations/{claimed.Id}")).Text("status"));
        Assert.Equal(404, (await events.App(Some.Id()).Get($"/v1/invitations/{claimed.Id}")).Status);
        Assert.Equal(["booked", "invited"], await Statuses(organiser, invited.Id));
        // One without a kept place, claimed and booked in one.
        Assert.Equal(201, (await Book(events.App(app), drive, other, Codes(invited)[1])).Status);
        Assert.Equal("2/0", await Places(drive));
        Assert.Equal(["booked", "booked"], await Statuses(organiser, invited.Id));
        Assert.Equal(2, (await service.Published<AppointmentBooked>()).Count(e => e.DriveId == drive));
    }
}
