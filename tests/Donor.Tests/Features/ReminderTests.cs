using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Features.ContactPreferences;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Donors.Tests.Features;

[Collection("years ahead")] // a sweep of years ahead takes every restricted person with it
public sealed class ReminderTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private readonly DateOnly today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static object Body(string number, string phone = "13900000001", params string[] consents) =>
        new { name = "甲测试", document = new { kind = "resident-id", number }, phone, consents = consents.Length > 0 ? consents : ["registration", "contact"] };

    private Task Remind(DateOnly on) => ActivatorUtilities.CreateInstance<SendReminders>(service.App.Services, new At(Shanghai.StartOf(on).AddHours(8))).LookNow(TestContext.Current.CancellationToken);

    private async Task<int> Reminders(Guid donor) => (await service.Published<ContactRequested>()).Count(e => e.DonorId == donor && e.Purpose == "reminder");

    private async Task<Guid> Given(SomeStation station, string frequency, params string[] consents)
    {
        var donor = (await station.Client.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult), consents: consents))).Id;
        var set = await station.Client.Put($"/v1/donors/{donor}/contact-preferences", new { reminders = frequency, channels = new[] { "sms", "app" } }, "\"0\"");
        Assert.True(set.Status == 200, set.ToString());
        await station.VisitAt("completed", donor);
        return donor;
    }

    [Fact]
    public async Task A_reminder_goes_once_on_the_first_day_on_which_a_donor_may_give()
    {
        var station = new SomeStation(service);
        var (every, once, never, withdrawn, deferred) = (await Given(station, "every-time"), await Given(station, "once"), await Given(station, "never"), await Given(station, "every-time"), await Given(station, "every-time"));
        var unasked = (await station.Client.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult)))).Id;
        await station.Client.Patch($"/v1/donors/{withdrawn}", new { consents = new[] { "registration" } }, "*");
        await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "T14", from = today });
        var due = today.AddMonths(6);

        await Remind(due.AddDays(-1));
        Assert.Equal(0, await Reminders(every));
        await Task.WhenAll(Remind(due), Remind(due), Remind(due)); // three replicas
        Assert.Equal((1, 1, 0, 0, 0, 0), (await Reminders(every), await Reminders(once), await Reminders(never), await Reminders(withdrawn), await Reminders(deferred), await Reminders(unasked)));
        var sent = (await service.Published<ContactRequested>()).Single(e => e.DonorId == every && e.Purpose == "reminder");
        Assert.Equal(("may-give-again", due, "sms,app"), (sent.TemplateCode, sent.References.On!.Value, string.Join(',', sent.Channels)));

        // Nothing later gives the deferred donor's reason away: no reminder when the deferral is over either.
        await Remind(today.AddYears(1).AddDays(1));
        Assert.Equal((1, 1, 0), (await Reminders(every), await Reminders(once), await Reminders(deferred)));
        Assert.Equal(("never", "every-time"), ((await station.Client.Get($"/v1/donors/{once}/contact-preferences")).Text("reminders"), (await station.Client.Get($"/v1/donors/{every}/contact-preferences")).Text("reminders")));
    }

    [Fact]
    public async Task Monthly_reminders_go_on_until_the_donor_is_deferred_and_do_not_begin_again()
    {
        var station = new SomeStation(service);
        var donor = await Given(station, "monthly");
        var due = today.AddMonths(6);
        foreach (var month in new[] { 0, 1 }) await Remind(due.AddMonths(month));
        Assert.Equal(2, await Reminders(donor));
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "P22", from = today });
        foreach (var month in new[] { 2, 3, 30 }) await Remind(due.AddMonths(month));
        Assert.Equal(2, await Reminders(donor));
    }

    [Fact]
    public async Task Who_may_give_today_and_wishes_a_reminder_each_month_gets_the_first_in_a_month()
    {
        var station = new SomeStation(service);
        async Task<Guid> Wishing(string frequency)
        {
            var donor = (await station.Client.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult), consents: ["registration", "contact"]))).Id;
            Assert.Equal(200, (await Wish(station, donor, frequency)).Status);
            return donor;
        }
        var (monthly, once, deferred) = (await Wishing("monthly"), await Wishing("once"), await Wishing("monthly"));
        await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "P22", from = today });
        Assert.Equal(await Next(monthly), await Next(deferred)); // nothing medical shows
        await Remind(today.AddMonths(1).AddDays(-1));
        Assert.Equal(0, await Reminders(monthly));
        await Remind(today.AddMonths(1));
        await Remind(today.AddMonths(2));
        Assert.Equal((2, 0, 0), (await Reminders(monthly), await Reminders(once), await Reminders(deferred)));
    }

    private Task<string?> Next(Guid donor) => new SomeStation(service).Scalar<string?>("select next_on::text from donor.contact_preference where donor_id = @donor", new { donor });

    private static async Task Merge(SomeStation station, Guid survivor, Guid absorbed) =>
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason = "同一人" })).Status);

    private static Task<Answer> Wish(SomeStation station, Guid donor, string reminders, string version = "\"0\"") =>
        station.Client.Put($"/v1/donors/{donor}/contact-preferences", new { reminders, channels = new[] { "sms" } }, version);

    private static async Task<string> Stands(SomeStation station, Guid donor) => (await station.Client.Get($"/v1/donors/{donor}/contact-preferences")).Text("reminders")!;

    [Fact]
    public async Task Merged_donors_are_reminded_once_as_the_person_they_are_and_starve_nobody()
    {
        var station = new SomeStation(service);
        async Task<Guid> Agreed() => (await station.Client.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult), consents: ["registration", "contact"]))).Id;
        var due = today.AddMonths(6);
        await Remind(due);

        // More absorbed rows than one round takes, all long due, and one donor behind them.
        var survivor = await Given(station, "every-time", "registration", "contact");
        var absorbed = await Agreed();
        Assert.Equal(200, (await Wish(station, absorbed, "monthly")).Status);
        await Merge(station, survivor, absorbed);
        var many = new List<Guid>();
        for (var i = 0; i < 105; i++) many.Add(await station.Donor());
        await service.Database.Execute("""
            insert into donor.donor_person (donor_id, person_id) select id, @survivor from unnest(@many) id;
            insert into donor.contact_preference (donor_id, version, reminders, channels, set_at, next_on) select id, 1, 'monthly', '{sms}', now() - interval '1 year', '2020-01-01' from unnest(@many) id;
            update donor.contact_preference set next_on = '2020-01-01' where donor_id = @absorbed;
            """, new { absorbed, survivor, many = many.ToArray() });
        try
        {
            var behind = await Given(station, "every-time", "registration", "contact");
            await Remind(due).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken); // not the same rows again and again
            Assert.Equal((1, 0, 1), (await Reminders(survivor), await Reminders(absorbed), await Reminders(behind)));
            Assert.Equal("every-time", await Stands(station, survivor));
        }
        finally { await service.Database.Execute("delete from donor.contact_preference where donor_id in (select donor_id from donor.donor_person where person_id = @survivor)", new { survivor }); }
    }

    [Fact]
    public async Task Of_two_wishes_never_wins_then_the_survivors_then_the_absorbed_ones_until_the_person_says_another()
    {
        var station = new SomeStation(service);
        async Task<(Guid Survivor, Guid Absorbed)> Merged(string? one, string? other)
        {
            var (survivor, absorbed) = (await Given(station, "once", "registration", "contact"), (await station.Client.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult), consents: ["registration", "contact"]))).Id);
            if (one is null) await service.Database.Execute("delete from donor.contact_preference where donor_id = @survivor", new { survivor });
            else Assert.Equal(200, (await Wish(station, survivor, one, "*")).Status);
            if (other is not null) Assert.Equal(200, (await Wish(station, absorbed, other)).Status);
            await Merge(station, survivor, absorbed);
            return (survivor, absorbed);
        }
        var (refused, refusedToo, own, taken) = (await Merged("every-time", "never"), await Merged("never", "monthly"), await Merged("monthly", "every-time"), await Merged(null, "every-time"));
        Assert.Equal(["never", "never", "monthly", "every-time"], [await Stands(station, refused.Survivor), await Stands(station, refusedToo.Survivor), await Stands(station, own.Survivor), await Stands(station, taken.Survivor)]);
        Assert.Equal("never", await Stands(station, refused.Absorbed)); // either id means the person
        await Remind(today.AddMonths(6));
        Assert.Equal((0, 0, 1, 1), (await Reminders(refused.Survivor), await Reminders(refusedToo.Survivor), await Reminders(own.Survivor), await Reminders(taken.Survivor)));

        Assert.Equal("\"1\"", (await Wish(station, taken.Survivor, "monthly")).Response.Headers.ETag!.Tag); // the first of his own
        Assert.Equal(200, (await Wish(station, refused.Survivor, "every-time", "*")).Status);
        Assert.Equal(["every-time", "monthly"], [await Stands(station, refused.Survivor), await Stands(station, taken.Survivor)]);
    }

    [Fact]
    public async Task Wishes_need_their_version_and_known_words()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var path = $"/v1/donors/{donor}/contact-preferences";
        Assert.Equal(("never", false), ((await station.Client.Get(path)).Text("reminders"), (await station.Client.Get(path))["contactConsent"].GetBoolean()));
        Assert.Equal(428, (await station.Client.Put(path, new { reminders = "once", channels = new[] { "app" } })).Status);
        Assert.Equal(412, (await station.Client.Put(path, new { reminders = "once", channels = new[] { "app" } }, "\"4\"")).Status);
        foreach (var bad in new object[] { new { reminders = "daily", channels = new[] { "app" } }, new { reminders = "once", channels = Array.Empty<string>() }, new { reminders = "once", channels = new[] { "pigeon" } }, new { reminders = "once", channels = new string?[] { "app", null } } })
            Assert.Equal((422, "invalid_value"), (await station.Client.Put(path, bad, "*")) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from donor.contact_preference where donor_id = @donor", new { donor }));
        Assert.Equal(404, (await service.As(Roles.App, Some.Id()).Get(path)).Status);
        Assert.Equal("\"1\"", (await station.Client.Put(path, new { reminders = "once", channels = new[] { "app" } }, "\"0\"")).Response.Headers.ETag!.Tag);
    }

    private sealed class At(DateTimeOffset instant) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => instant;
    }
}
