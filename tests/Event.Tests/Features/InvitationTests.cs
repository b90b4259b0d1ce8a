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

    private Task Look<T>() where T : Sweep => service.App.Services.GetServices<IHostedService>().OfType<T>().Single().LookNow(TestContext.Current.CancellationToken);

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

    [Fact]
    public async Task Places_are_kept_and_codes_claimed_exactly_as_often_as_there_are_any()
    {
        var (_, organisation, organiser, drive) = await Drive(capacity: 20);
        var uploads = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Invite(organiser, drive, 6, reserve: 5, from: n * 6)));
        Assert.Equal((4, 4), (uploads.Count(a => a.Status == 201), uploads.Count(a => a is { Status: 409, Code: "slot_full" })));
        Assert.Equal("0/20", await Places(drive));
        Assert.Equal(24, await service.Database.Scalar<long>("select count(*) from event.invitation where drive_id = @drive", new { drive }));
        // The same roster twice at once: each member once.
        var twice = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Invite(organiser, drive, 10, from: 100)));
        Assert.Equal((1, 2), (twice.Count(a => a.Status == 201), twice.Count(a => a is { Status: 422, Code: "roster_unreadable" })));
        Assert.Equal("member_already_invited", twice.First(a => a.Status == 422)["errors"][0].GetProperty("code").GetString());

        var codes = Codes(uploads.First(a => a.Status == 201));
        var app = Some.Id();
        var donors = new List<Guid>();
        for (var i = 0; i < 6; i++) donors.Add(await events.Donor(app));
        var claims = await Task.WhenAll(donors.Select(d => events.App(app).Post("/v1/invitations/claim", new { claimCode = codes[0], donorId = d })));
        Assert.Equal((1, 5), (claims.Count(a => a.Status == 200), claims.Count(a => a is { Status: 409, Code: "claim_code_used" })));
        var other = donors.First(d => d != claims.Single(a => a.Status == 200)["donorId"].GetGuid());
        var two = await Task.WhenAll(codes.Skip(1).Take(4).Select(code => Book(events.App(app), drive, other, code)));
        Assert.Equal((1, 3), (two.Count(a => a.Status == 201), two.Count(a => a is { Status: 409, Code: "already_invited" or "already_booked" })));
        Assert.Equal((409, "already_invited"), Code(await events.App(app).Post("/v1/invitations/claim", new { claimCode = codes[0] == Codes(uploads.Last(a => a.Status == 201))[0] ? codes[5] : Codes(uploads.Last(a => a.Status == 201))[0], donorId = other })));
        Assert.Equal("1/19", await Places(drive));
    }

    [Fact]
    public async Task What_nobody_booked_in_time_lapses_once_and_goes_to_who_waits()
    {
        var (station, _, organiser, drive) = await Drive(capacity: 2);
        var app = Some.Id();
        var (claimer, waiter, late) = (await events.Donor(app), await events.Donor(), await events.Donor(app));
        var invited = await Invite(organiser, drive, 3, reserve: 2);
        var claimed = await events.App(app).Post("/v1/invitations/claim", new { claimCode = Codes(invited)[0], donorId = claimer });
        Assert.Equal((409, "slot_full"), Code(await Book(events.Station(station), drive, waiter, null)));
        var waiting = await events.Station(station).Post($"/v1/drives/{drive}/waitlist", new { donorId = waiter, channel = "wechat" });
        Assert.Equal(201, waiting.Status);
        await service.Database.Execute("update event.group_booking set claim_by = now() - interval '1 second' where id = @id", new { id = invited.Id });
        // Late by a moment, before the sweep or after it.
        Assert.Equal((409, "claim_code_expired"), Code(await events.App(app).Post("/v1/invitations/claim", new { claimCode = Codes(invited)[1], donorId = late })));
        Assert.Equal((409, "claim_code_expired"), Code(await Book(events.App(app), drive, claimer, Codes(invited)[0])));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Look<LapseInvitations>()));
        await Eventually.That(async () => (await organiser.Get($"/v1/group-bookings/{invited.Id}")).Text("status") == "closed");
        Assert.Equal(["lapsed", "lapsed", "lapsed"], await Statuses(organiser, invited.Id));
        Assert.Equal("lapsed", (await events.App(app).Get($"/v1/invitations/{claimed.Id}")).Text("status"));
        var notice = Assert.Single(await service.Published<NoticeRequested>(), n => n.Purpose == "invitation" && n.References.DriveId == drive);
        Assert.Equal((claimer, "invitation-lapsed", slot), (notice.DonorId, notice.TemplateCode, notice.References.SlotStartsAt));
        await Eventually.That(async () => (await events.Station(station).Get($"/v1/waitlist/{waiting.Id}")).Text("status") == "offered");
        Assert.Equal("0/1", await Places(drive));
        Assert.Equal((409, "invitation_over"), Code(await organiser.Post($"/v1/invitations/{Ids(invited)[0]}/replace", new { name = "新人" })));
        Assert.Equal((409, "invitation_over"), Code(await organiser.Post($"/v1/group-bookings/{invited.Id}/close")));
    }

    [Fact]
    public async Task A_row_is_replaced_without_losing_its_place_and_the_old_code_is_good_for_nothing()
    {
        var (_, _, organiser, drive) = await Drive(capacity: 1);
        var app = Some.Id();
        var (first, second) = (await events.Donor(app), await events.Donor(app));
        var invited = await Invite(organiser, drive, 2, reserve: 1);
        var row = Ids(invited)[0];
        await events.App(app).Post("/v1/invitations/claim", new { claimCode = Codes(invited)[0], donorId = first });
        var replaced = await organiser.Post($"/v1/invitations/{row}/replace", new { name = "新来者", phone = "13900000000" });
        Assert.Equal((first, "invitation-withdrawn", slot), Assert.Single(await service.Published<NoticeRequested>(), n => n.References.DriveId == drive) is var told ? (told.DonorId, told.TemplateCode, told.References.SlotStartsAt) : default);
        Assert.Equal((200, "invited", "新**", slot), (replaced.Status, replaced.Text("status"), replaced.Text("name"), replaced["slotStartsAt"].GetDateTimeOffset()));
        Assert.Equal("0/1", await Places(drive));
        Assert.Equal((404, "claim_code_unknown"), Code(await Book(events.App(app), drive, first, Codes(invited)[0])));
        Assert.Equal((409, "member_already_invited"), Code(await organiser.Post($"/v1/invitations/{row}/replace", Row(1))));
        Assert.Equal((422, "invalid_value"), Code(await organiser.Post($"/v1/invitations/{row}/replace", new { name = "44070320060101123X" })));
        Assert.Equal(404, (await events.Organiser(await events.Organisation()).Post($"/v1/invitations/{row}/replace", new { name = "新来者" })).Status);
        Assert.Equal(201, (await Book(events.App(app), drive, second, replaced.Text("claimCode"))).Status);
        Assert.Equal((409, "invitation_booked"), Code(await organiser.Post($"/v1/invitations/{row}/replace", new { name = "又一人" })));
        Assert.Equal(200, (await organiser.Post($"/v1/invitations/{Ids(invited)[1]}/replace", new { name = "又一人" })).Status); // nobody had claimed it: nobody to tell
        Assert.Single(await service.Published<NoticeRequested>(), n => n.References.DriveId == drive);
        Assert.Equal(200, (await organiser.Post($"/v1/group-bookings/{invited.Id}/close")).Status);
        Assert.Equal(["booked", "lapsed"], await Statuses(organiser, invited.Id));
        Assert.Equal("1/0", await Places(drive));
    }

    [Fact]
    public async Task No_route_tells_an_organiser_who_was_deferred_refused_or_cancelled()
    {
        var (station, organisation, app) = (Some.Id(), await events.Organisation(), Some.Id());
        var organiser = events.Organiser(organisation);
        var starts = EventService.Now.AddMinutes(90);
        var drive = await events.Draft(station, starts, 10, "organisation", organisation, hours: 1);
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var invited = await Invite(organiser, drive, 6, claimBy: starts);
        var donors = new List<Guid>();
        var bookings = new List<Guid>();
        for (var i = 0; i < 6; i++)
        {
            donors.Add(await events.Donor(app));
            var booked = await Book(events.App(app), drive, donors[i], Codes(invited)[i], starts);
            Assert.True(booked.Status == 201, booked.ToString());
            bookings.Add(booked.Id);
        }
        // The first gives, the second is deferred at the desk, the third later breaks off; the fourth may not give any more, the station cancels the fifth, the sixth stays away.
        await service.Deliver(EventService.Eligible(donors[3], 3, new DateWindow(Shanghai.DateOf(starts).AddDays(30), null)));
        await events.Station(station).Post($"/v1/appointments/{bookings[4]}/cancel", new { reasonCode = "anti-hcv" });
        await events.Steps(station, drive, null, "start");
        for (var i = 0; i < 3; i++)
        {
            var visit = Some.Id();
            await service.Deliver(EventService.VisitOpened(visit, donors[i], drive, bookings[i]));
            if (i == 0) await service.Deliver(EventService.Collected(EventService.Din(), donors[0], drive, starts));
            if (i == 1) await service.Deliver(new VisitDeferred { Key = donors[1].ToString(), Version = 4, OccurredAt = EventService.Now, VisitId = visit, DonorId = donors[1], DriveId = drive, AppointmentId = bookings[1], Backfilled = false });
            if (i == 2) await service.Deliver(new VisitAbandoned { Key = donors[2].ToString(), Version = 4, OccurredAt = EventService.Now, VisitId = visit, DonorId = donors[2], DriveId = drive, AppointmentId = bookings[2], Backfilled = false });
        }
        async Task<string> Seen(int row)
        {
            var group = await organiser.Get($"/v1/group-bookings/{invited.Id}");
            var mine = group["items"][row].EnumerateObject().Where(p => p.Name is not ("id" or "index" or "name" or "memberNumber" or "phone")).Select(p => p.ToString());
            var replace = await organiser.Post($"/v1/invitations/{Ids(invited)[row]}/replace", new { name = "新来者" });
            var read = await organiser.Get($"/v1/invitations/{Ids(invited)[row]}");
            return string.Join('|', [.. mine, $"{replace.Status} {replace.Code} {replace["title"]}", $"{read.Status}"]);
        }
        var during = await Task.WhenAll(Enumerable.Range(0, 6).Select(Seen));
        Assert.Single(during.Distinct());
        Assert.Contains("booked", during[0], StringComparison.Ordinal);
        await events.Steps(station, drive, null, "close");
        var after = await Task.WhenAll(Enumerable.Range(0, 6).Select(Seen));
        Assert.Single(after.Take(3).Distinct());
        Assert.Single(after.Skip(3).Distinct());
        Assert.Equal(["attended", "attended", "attended", "booked", "booked", "booked"], await Statuses(organiser, invited.Id));

        string[] routes = [$"/v1/group-bookings/{invited.Id}", $"/v1/drives/{drive}/group-bookings", $"/v1/drives/{drive}/results", $"/v1/drives/{drive}", $"/v1/drives/{drive}/slots", $"/v1/drives/{drive}/waitlist", $"/v1/appointments?driveId={drive}", $"/v1/appointments/{bookings[1]}", $"/v1/organisations/{organisation}/results"];
        foreach (var route in routes)
        {
            var text = (await organiser.Get(route)).ToString();
            foreach (var secret in donors.Concat(bookings).Select(g => g.ToString()).Concat(["deferred", "abandoned", "no_longer", "anti-hcv", "not_eligible", "donorId", "appointmentId"])) Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
        Assert.Equal(JsonValueKind.Null, (await organiser.Get($"/v1/drives/{drive}/results"))["collected"].ValueKind); // one gave: under five
        var listed = (await organiser.Get($"/v1/drives/{drive}/group-bookings"))["items"][0];
        Assert.Equal((3, 3, 0), (listed.GetProperty("attended").GetInt32(), listed.GetProperty("booked").GetInt32(), listed.GetProperty("lapsed").GetInt32()));
    }

    [Fact]
    public async Task Names_are_sealed_masked_in_no_log_and_erased_when_they_have_had_their_time()
    {
        var (_, _, organiser, drive) = await Drive();
        var app = Some.Id();
        var (member, gone) = (await events.Donor(app), await events.Donor(app));
        var invited = await organiser.Post($"/v1/drives/{drive}/group-bookings", new { rows = new[] { new { name = "欧阳不言", memberNumber = "20269999", phone = "13899998888" }, new { name = "上官无语", memberNumber = "20269998", phone = "13899998887" }, new { name = "司马有声", memberNumber = "20269997", phone = "13899998886" } }, claimBy = ClaimBy, reserve = 3 });
        var codes = Codes(invited);
        await Book(events.App(app), drive, member, codes[0]);
        await events.App(app).Post("/v1/invitations/claim", new { claimCode = codes[1], donorId = gone });
        var shown = (await organiser.Get($"/v1/group-bookings/{invited.Id}")).ToString();
        Assert.Contains("欧***", shown, StringComparison.Ordinal);
        string[] secrets = ["欧阳不言", "20269999", "13899998888", .. codes, .. codes.Select(c => c.Replace("-", "", StringComparison.Ordinal))];
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, shown, StringComparison.Ordinal);
            Assert.Equal(0, await service.Database.Scalar<long>("""
                select (select count(*) from event.audit a where a::text like '%' || @secret || '%') + (select count(*) from event.outbox o where o::text like '%' || @secret || '%')
                     + (select count(*) from event.invitation i where i::text like '%' || @secret || '%' or position(convert_to(@secret, 'UTF8') in i.content) > 0)
                """, new { secret }));
        }
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.audit where action = 'group-booking.read' and resource = @resource", new { resource = $"group-booking/{invited.Id}" }));
        // Who asks for erasure is nobody on the list any more, and his place is free.
        await service.Deliver(new DonorErased { Key = gone.ToString(), Version = 9, OccurredAt = EventService.Now, ErasureId = Some.Id(), DonorId = gone });
        Assert.Equal(["booked", "lapsed", "invited"], await Statuses(organiser, invited.Id));
        Assert.Equal("1/1", await Places(drive));
        Assert.Equal(JsonValueKind.Null, (await organiser.Get($"/v1/group-bookings/{invited.Id}"))["items"][1].GetProperty("name").ValueKind);
        // A week after it lapsed a row is empty; a month after the drive the whole is.
        Assert.Equal(200, (await organiser.Post($"/v1/group-bookings/{invited.Id}/close")).Status);
        async Task<string> Left() => await service.Database.Scalar<string>("select count(content) || ' ' || count(member_index) || ' ' || (select count(*) from event.subject_key where subject_id = @id) from event.invitation where group_booking_id = @id", new { id = invited.Id });
        await Look<EraseRosters>();
        Assert.Equal("2 2 1", await Left());
        await service.Database.Execute("update event.invitation set settled_at = settled_at - interval '8 days' where group_booking_id = @id", new { id = invited.Id });
        await Look<EraseRosters>();
        Assert.Equal("1 1 1", await Left());
        await service.Database.Execute("update event.group_booking set settled_at = now() - interval '40 days' where id = @id; update event.drive set starts_at = now() - interval '32 days', ends_at = now() - interval '31 days' where id = @drive", new { id = invited.Id, drive });
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Look<EraseRosters>()));
        Assert.Equal("0 0 0", await Left());
        Assert.Equal(["booked", "lapsed", "lapsed"], await Statuses(organiser, invited.Id));
    }

    [Fact]
    public async Task A_list_comes_as_csv_or_as_it_was_pasted_and_codes_go_out_as_a_list()
    {
        var (_, _, organiser, drive) = await Drive(capacity: 5, hours: 2);
        async Task<HttpResponseMessage> Send(string type, string text, string query, string accept = "application/json")
        {
            var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/drives/{drive}/group-bookings?{query}") { Content = new StringContent(text, Encoding.UTF8, new MediaTypeHeaderValue(type)) };
            request.Headers.Accept.ParseAdd(accept);
            return await organiser.SendAsync(request);
        }
        var claimBy = "claimBy=" + Uri.EscapeDataString(ClaimBy.ToString("O"));
        var pasted = await Send("text/plain", "#接龙\n献血报名\n1. 张三 2班 13800000000\n2、李四\n3） 张三 2班 13800000000\n4. +1\n王五", claimBy + "&reserve=3", "text/csv");
        Assert.Equal((System.Net.HttpStatusCode.Created, "text/csv"), (pasted.StatusCode, pasted.Content.Headers.ContentType!.MediaType));
        var lines = (await pasted.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, lines.Length);
        Assert.Matches("^0,accepted,,\"张\\*\",\"2班\",[0-9T:+-]{25},[0-9A-Z-]{20}$", lines[1]);
        Assert.Equal(["2,duplicate,duplicate_row,\"张*\",\"2班\",,", "3,unreadable,name_missing,,,,"], lines[3..5]);
        Assert.Equal("0/3 0/0", await Places(drive));
        var second = slot.AddHours(1).ToString("O");
        var csv = await Send("text/csv", $"\uFEFFName,phone,memberNumber,slotStartsAt\r\n\"欧阳,修\",,1,\r\n赵六,13800000009,2,{second}\r\n钱七,,3,{slot.AddMinutes(1):O}\r\n", claimBy);
        Assert.Equal(System.Net.HttpStatusCode.Created, csv.StatusCode);
        var items = JsonDocument.Parse(await csv.Content.ReadAsStringAsync()).RootElement.GetProperty("items");
        Assert.Equal(["unreadable name_invalid", "accepted ", "rejected slot_unknown"], items.EnumerateArray().Select(i => $"{i.GetProperty("status").GetString()} {i.GetProperty("code").GetString()}"));
        Assert.Equal("0/3 0/1", await Places(drive));
        // The answer got lost: the same request has the same codes, and nobody is invited twice.
        var body = new { rows = new[] { Row(1) }, claimBy = ClaimBy };
        var (once, again) = (await organiser.Post($"/v1/drives/{drive}/group-bookings", body, "lost"), await organiser.Post($"/v1/drives/{drive}/group-bookings", body, "lost"));
        Assert.Equal((201, 201, Assert.Single(Codes(once))), (once.Status, again.Status, Assert.Single(Codes(again))));
        Assert.Equal(System.Net.HttpStatusCode.UnsupportedMediaType, (await Send("application/xml", "<a/>", claimBy)).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.UnprocessableEntity, (await Send("text/csv", "phone\r\n1", claimBy)).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, (await Send("text/plain", "1. 张三", "")).StatusCode);
    }

    [Fact]
    public async Task What_cannot_be_invited_claimed_or_booked_is_refused_and_changes_nothing()
    {
        var (station, organisation, organiser, drive) = await Drive(capacity: 2);
        var (_, _, _, otherDrive) = await Drive();
        var draft = await events.Draft(station, slot, 2, "organisation", organisation, hours: 1);
        Assert.Equal((409, "drive_not_open"), Code(await Invite(organiser, draft, 1)));
        Assert.Equal((404, "not_found"), Code(await Invite(events.Organiser(await events.Organisation()), drive, 1)));
        Assert.Equal((404, "not_found"), Code(await Invite(events.Station(Some.Id()), drive, 1)));
        Assert.Equal((403, "role_forbidden"), Code(await Invite(events.App(Some.Id()), drive, 1)));
        Assert.Equal((404, "not_found"), Code(await Invite(organiser, Some.OldId(), 1)));
        Assert.Equal((422, "claim_by_outside"), Code(await Invite(organiser, drive, 1, claimBy: EventService.Now.AddMinutes(-1))));
        Assert.Equal((422, "claim_by_outside"), Code(await Invite(organiser, drive, 1, claimBy: slot.AddDays(1))));
        Assert.Equal((422, "roster_unreadable"), Code(await Invite(organiser, drive, 0)));
        Assert.Equal((422, "roster_unreadable"), Code(await Invite(organiser, drive, 1001)));
        Assert.Equal((422, "roster_unreadable"), Code(await organiser.Post($"/v1/drives/{drive}/group-bookings", new { rows = new[] { new { name = "1" } }, claimBy = ClaimBy })));
        Assert.Equal((409, "slot_full"), Code(await Invite(organiser, drive, 3, reserve: 3)));
        Assert.Equal((422, "invalid_value"), Code(await Invite(organiser, drive, 1, reserve: -1)));
        Assert.Equal((400, "malformed_request"), Code(await organiser.PostRaw($"/v1/drives/{drive}/group-bookings", "{")));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.group_booking where drive_id in (@drive, @draft)", new { drive, draft }));
        Assert.Equal("0/0", await Places(drive));

        var (app, stranger) = (Some.Id(), Some.Id());
        var (donor, theirs) = (await events.Donor(app), await events.Donor(stranger));
        var code = Codes(await Invite(organiser, drive, 1, reserve: 1))[0];
        var foreign = Codes(await Invite(events.Station(await service.Database.Scalar<Guid>("select station_id from event.drive where id = @otherDrive", new { otherDrive })), otherDrive, 1))[0];
        Task<Answer> Claim(string typed, Guid who) => events.App(app).Post("/v1/invitations/claim", new { claimCode = typed, donorId = who });
        var slip = (code[0] == '0' ? '1' : '0') + code[1..];
        Assert.Equal((422, "claim_code_mistyped"), Code(await Claim(slip, donor)));
        Assert.Equal((422, "claim_code_mistyped"), Code(await Book(events.App(app), drive, donor, slip)));
        Assert.Equal((422, "claim_code_of_other_drive"), Code(await Book(events.App(app), drive, donor, foreign)));
        Assert.Equal(409, (await Claim(code, theirs)).Status); // fresh, and nobody this app knows
        Assert.Equal((403, "role_forbidden"), Code(await organiser.Post("/v1/invitations/claim", new { claimCode = code, donorId = donor })));
        Assert.Equal((404, "claim_code_unknown"), Code(await events.Station(Some.Id()).Post("/v1/invitations/claim", new { claimCode = code, donorId = donor })));
        Assert.Equal((422, "invalid_value"), Code(await events.Station(station).Post("/v1/appointments", new { driveId = drive, slotStartsAt = slot, donorId = donor, channel = "class", claimCode = code, walkIn = true })));
        // Guesses that are well formed are counted; then even the right code waits, for this client alone.
        for (var i = 0; i < 30; i++) Assert.Equal((404, "claim_code_unknown"), Code(await Claim(ClaimCodes.Of($"0000000000000{i:0000}"), donor)));
        Assert.Equal((429, "too_many_requests"), Code(await Claim(code, donor)));
        Assert.Equal((429, "too_many_requests"), Code(await Book(events.App(app), drive, donor, code)));
        Assert.Equal(200, (await events.Station(station).Post("/v1/invitations/claim", new { claimCode = code, donorId = donor })).Status);
        Assert.Equal("0/1", await Places(drive));
    }

    [Fact]
    public async Task Kept_places_move_with_the_drive_go_before_bookings_do_and_end_with_it()
    {
        var (station, _, organiser, drive) = await Drive(capacity: 3, hours: 2);
        var app = Some.Id();
        var donor = await events.Donor(app);
        var invited = await Invite(organiser, drive, 4, reserve: 4);
        Assert.Equal("0/3 0/1", await Places(drive));
        // Another slot than the kept one: that is given back.
        Assert.Equal(201, (await Book(events.App(app), drive, donor, Codes(invited)[0], slot.AddHours(1))).Status);
        Assert.Equal("0/2 1/1", await Places(drive));
        var cut = await events.Station(station).Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "一张床坏了" });
        Assert.Equal((409, "capacity_below_bookings"), Code(cut));
        Assert.Equal(["kept", "kept"], cut["errors"].EnumerateArray().Select(e => e.GetProperty("code").GetString()));
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "一张床坏了", force = true })).Status);
        Assert.Equal("0/1 1/0", await Places(drive));
        Assert.Equal(["booked", "invited", "invited", "invited"], (await Statuses(organiser, invited.Id)));
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/postpone", new { startsAt = slot.AddDays(3) })).Status);
        Assert.Equal("0/1 1/0", await Places(drive));
        var kept = (await organiser.Get($"/v1/group-bookings/{invited.Id}"));
        Assert.Equal(ClaimBy.AddDays(3), kept["claimBy"].GetDateTimeOffset());
        Assert.Equal(slot.AddDays(3), Assert.Single(kept["items"].EnumerateArray(), i => i.GetProperty("slotStartsAt").ValueKind != JsonValueKind.Null).GetProperty("slotStartsAt").GetDateTimeOffset());
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "typhoon" })).Status);
        Assert.Equal("0/0 0/0", await Places(drive));
        Assert.Equal(["booked", "lapsed", "lapsed", "lapsed"], await Statuses(organiser, invited.Id));
    }

    [Fact]
    public async Task Who_claimed_a_kept_place_that_a_cut_takes_is_told_and_stays_invited()
    {
        var (station, _, organiser, drive) = await Drive(capacity: 3);
        var app = Some.Id();
        var invited = await Invite(organiser, drive, 3, reserve: 3);
        var claimed = new List<(Guid Invitation, Guid Donor)>();
        foreach (var code in Codes(invited).Take(2)) // the third is claimed by nobody: nobody can be told
        {
            var donor = await events.Donor(app);
            claimed.Add(((await events.App(app).Post("/v1/invitations/claim", new { claimCode = code, donorId = donor })).Id, donor));
        }
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "一张床坏了", force = true })).Status);
        Assert.Equal("0/1", await Places(drive));
        Assert.Equal(["claimed", "claimed", "invited"], await Statuses(organiser, invited.Id));
        var without = new List<Guid>();
        foreach (var (invitation, donor) in claimed)
            if ((await events.App(app).Get($"/v1/invitations/{invitation}"))["slotStartsAt"].ValueKind == JsonValueKind.Null) without.Add(donor);
        Assert.NotEmpty(without);
        List<NoticeRequested> told = [];
        await Eventually.That(async () => (told = (await service.Published<NoticeRequested>()).FindAll(n => n.References.DriveId == drive)).Count == without.Count);
        Assert.Equal(without.Order(), told.Select(n => n.DonorId).Order());
        Assert.All(told, n => Assert.Equal(("invitation-place-withdrawn", "invitation", slot), (n.TemplateCode, n.Purpose, n.References.SlotStartsAt)));
    }

    [Fact]
    public async Task Who_claimed_an_invitation_is_told_when_the_drive_moves_and_when_his_kept_place_has_no_slot_any_more()
    {
        var (station, _, organiser, drive) = await Drive(capacity: 1, hours: 2);
        var app = Some.Id();
        var invited = await Invite(organiser, drive, 3, reserve: 2); // one in each of the two slots, the third without a place
        var donors = new List<Guid>();
        foreach (var code in Codes(invited))
        {
            donors.Add(await events.Donor(app));
            Assert.Equal(200, (await events.App(app).Post("/v1/invitations/claim", new { claimCode = code, donorId = donors[^1] })).Status);
        }
        async Task<List<(Guid, string, DateTimeOffset?)>> Told(int expected)
        {
            List<NoticeRequested> told = [];
            await Eventually.That(async () => (told = (await service.Published<NoticeRequested>()).FindAll(n => donors.Contains(n.DonorId))).Count >= expected);
            Assert.All(told, n => Assert.Equal("invitation", n.Purpose));
            return [.. told.Select(n => (n.DonorId, n.TemplateCode, n.References.SlotStartsAt)).OrderBy(t => donors.IndexOf(t.DonorId)).ThenBy(t => t.TemplateCode)];
        }
        var http = events.Station(station);
        Assert.Equal(200, (await http.Patch($"/v1/drives/{drive}", new { startsAt = slot.AddMinutes(30), reason = "车晚到" }, "*")).Status);
        Assert.Equal([(donors[0], "drive-changed", slot.AddMinutes(30)), (donors[1], "drive-changed", slot.AddMinutes(90)), (donors[2], "drive-changed", null)], await Told(3));

        // Ending an hour earlier concerns only who had the last slot.
        Assert.Equal(200, (await http.Patch($"/v1/drives/{drive}", new { endsAt = slot.AddMinutes(90), reason = "场地只到十点半" }, "*")).Status);
        Assert.Equal([(donors[0], "drive-changed", slot.AddMinutes(30)), (donors[1], "drive-changed", slot.AddMinutes(90)), (donors[1], "invitation-place-withdrawn", slot.AddMinutes(90)), (donors[2], "drive-changed", null)], await Told(4));

        Assert.Equal(200, (await http.Post($"/v1/drives/{drive}/postpone", new { startsAt = slot.AddDays(1), reasonCode = "typhoon" })).Status);
        Assert.Equal([(donors[0], slot.AddDays(1)), (donors[1], null), (donors[2], (DateTimeOffset?)null)], (await Told(7)).Where(t => t.Item2 == "drive-postponed").Select(t => (t.Item1, t.Item3)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_waits_or_claimed_learns_that_a_drive_closes_before_its_end_and_nobody_is_woken_for_one_that_is_over(bool early)
    {
        var (station, _, organiser, drive) = await Drive(capacity: 1, hours: 2);
        var app = Some.Id();
        var (claimed, waits) = (await events.Donor(app), await events.Donor(app));
        var invited = await Invite(organiser, drive, 2, reserve: 2);
        Assert.Equal(200, (await events.App(app).Post("/v1/invitations/claim", new { claimCode = Codes(invited)[0], donorId = claimed })).Status);
        Assert.Equal(201, (await events.App(app).Post($"/v1/drives/{drive}/waitlist", new { donorId = waits, channel = "wechat" })).Status);
        await service.Database.Execute("""
            update event.slot set starts_at = starts_at - @back, ends_at = ends_at - @back where drive_id = @drive;
            update event.drive set status = 'started', starts_at = starts_at - @back, ends_at = ends_at - @back, started_at = starts_at - @back where id = @drive;
            update event.invitation set slot_starts_at = slot_starts_at - @back where drive_id = @drive
            """, new { drive, back = slot - EventService.Now + TimeSpan.FromHours(early ? 1 : 3) });
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/close")).Status);
        List<(Guid, string)> told = [];
        async Task Look() => told = [.. (await service.Published<NoticeRequested>()).Where(n => n.References.DriveId == drive).Select(n => (n.DonorId, n.TemplateCode))];
        Assert.Equal(["lapsed", "lapsed"], await Statuses(organiser, invited.Id));
        // The drive's own event stands behind the notices of the same transaction.
        await Eventually.That(async () => (await service.Published<DriveClosed>()).Exists(c => c.DriveId == drive));
        await Look();
        if (early) Assert.Equal(new[] { (claimed, "invitation-lapsed"), (waits, "waitlist-ended") }.Order(), told.Order());
        else Assert.Empty(told);
    }

    [Fact]
    public async Task Who_claimed_an_invitation_to_a_drive_that_is_cancelled_is_told()
    {
        var (station, _, organiser, drive) = await Drive(capacity: 3);
        var app = Some.Id();
        var invited = await Invite(organiser, drive, 4, reserve: 1);
        var donors = new List<Guid>();
        foreach (var code in Codes(invited).Take(3)) // the fourth is claimed by nobody: nobody can be told
        {
            donors.Add(await events.Donor(app));
            Assert.Equal(200, (await events.App(app).Post("/v1/invitations/claim", new { claimCode = code, donorId = donors[^1] })).Status);
        }
        Assert.Equal(201, (await Book(events.App(app), drive, donors[2], Codes(invited)[2])).Status); // he is told as one who booked
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "typhoon" })).Status);
        List<NoticeRequested> told = [];
        await Eventually.That(async () => (told = (await service.Published<NoticeRequested>()).FindAll(n => donors.Contains(n.DonorId))).Count == 3);
        Assert.Equal(donors.Take(2).Select(d => (d, "invitation-lapsed")).Append((donors[2], "drive-cancelled")).Order(), told.Select(n => (n.DonorId, n.TemplateCode)).Order());
    }

    [Fact]
    public async Task One_person_under_two_ids_claims_once_and_an_undone_merge_leaves_the_invitation_with_who_booked()
    {
        var (_, _, organiser, drive) = await Drive();
        var app = Some.Id();
        var (survivor, absorbed) = (await events.Donor(app), await events.Donor(app));
        MovedDonor[] moved = [new(absorbed, 10)];
        await service.Deliver(new DonorsMerged { Key = survivor.ToString(), Version = 10, OccurredAt = EventService.Now, MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = moved });
        var invited = await Invite(organiser, drive, 2, reserve: 2);
        var claimed = await events.App(app).Post("/v1/invitations/claim", new { claimCode = Codes(invited)[0], donorId = absorbed });
        Assert.Equal((200, survivor), (claimed.Status, claimed["donorId"].GetGuid()));
        Assert.Equal((409, "already_invited"), Code(await events.App(app).Post("/v1/invitations/claim", new { claimCode = Codes(invited)[1], donorId = survivor })));
        Assert.Equal(201, (await Book(events.App(app), drive, survivor, Codes(invited)[0])).Status);
        Assert.Equal("1/1", await Places(drive));
        moved = [new(absorbed, 20)];
        await service.Deliver(new DonorsUnmerged { Key = survivor.ToString(), Version = 20, OccurredAt = EventService.Now, MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = moved });
        Assert.Equal(survivor, (await events.App(app).Get($"/v1/invitations/{claimed.Id}"))["donorId"].GetGuid());
        // The invitation and its booking are one person's, as the auditor asks.
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.invitation i join event.appointment a on a.id = i.appointment_id and a.donor_id = i.donor_id where i.drive_id = @drive", new { drive }));
        Assert.Equal(201, (await Book(events.App(app), drive, absorbed, Codes(invited)[1])).Status);
    }
}
