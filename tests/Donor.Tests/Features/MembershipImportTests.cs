using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using Dapper;
using Npgsql;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class MembershipImportTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private Task<Guid> Organisation(params Guid[] above) => new SomeStation(service).Organisation(above);

    private async Task<Guid> Member(SomeStation station, Guid organisation, string number, bool shares = true)
    {
        var donor = await station.Register();
        var put = await station.Client.Put($"/v1/donors/{donor.Id}/memberships/{organisation}", new { memberNumber = number, groupId = "护理2401", validFrom = "2024-09-01", shareParticipation = shares }, donor.Response.Headers.ETag!.Tag);
        Assert.True(put.Status == 200, put.ToString());
        return donor.Id;
    }

    private static async Task<Answer> Send(HttpClient client, Guid? organisation, string csv, string type = "text/csv", Encoding? encoding = null)
    {
        using var content = new ByteArrayContent((encoding ?? Encoding.UTF8).GetBytes(csv));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var response = await client.PostAsync($"/v1/imports/memberships{(organisation is { } id ? $"?organisationId={id}" : "")}", content);
        var text = await response.Content.ReadAsStringAsync();
        return new((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement, response);
    }

    private async Task<Answer> Finished(HttpClient client, Answer started)
    {
        Assert.True(started.Status == 202, started.ToString());
        Assert.Equal($"/v1/imports/memberships/{started.Id}", started.Response.Headers.Location!.ToString());
        await Eventually.That(async () => (await client.Get($"/v1/imports/memberships/{started.Id}")).Text("state") == "succeeded", 30);
        return await client.Get($"/v1/imports/memberships/{started.Id}");
    }

    private static string[] Rows(Answer import) => [.. import["items"].EnumerateArray().Select(i => $"{i.GetProperty("index").GetInt32()} {i.GetProperty("status").GetString()} {i.GetProperty("code").GetString()}".TrimEnd())];

    [Fact]
    public async Task A_class_rolls_over_each_row_by_itself_and_the_year_before_stays_on_record()
    {
        var station = new SomeStation(service);
        var university = await Organisation();
        var (one, other) = (await Member(station, university, "20240001"), await Member(station, university, "20240002", shares: false));
        var import = await Finished(station.Client, await Send(station.Client, university,
            "MemberNumber,groupId,validFrom,validTo\n2024 0001,护理2501,2025-09-01,2026-06-30\n20240002,护理2501,2025-09-01,\n29990000,护理2501,2025-09-01,\n20240001,护理2501,next year,\n,护理2501,2025-09-01,\n20240001,护理2402,2024-02-01,2024-09-01\n"));
        Assert.Equal(["0 accepted", "1 accepted", "2 rejected member_unknown", "3 rejected invalid_value", "4 rejected invalid_value", "5 rejected membership_overlap"], Rows(import));
        Assert.Equal((2, 4, 6), (import["accepted"].GetInt32(), import["rejected"].GetInt32(), import["progress"].GetProperty("done").GetInt32()));

        var periods = (await station.Client.Get($"/v1/donors/{one}/memberships"))["items"].EnumerateArray().Select(m => $"{m.GetProperty("groupId").GetString()} {m.GetProperty("validFrom").GetString()} {m.GetProperty("validTo").GetString()} {m.GetProperty("shareParticipation").GetBoolean()}");
        Assert.Equal(["护理2401 2024-09-01 2025-08-31 True", "护理2501 2025-09-01 2026-06-30 True"], periods);
        Assert.Equal(2, (await service.Published<DonorChanged>()).Last(e => e.DonorId == one).Memberships.Length);
        Assert.False((await service.Published<DonorChanged>()).Last(e => e.DonorId == other).Memberships[1].ShareParticipation); // whether he shares is his own decision

        // Rows that no calendar knows, or no database takes, are theirs alone: those behind them are applied.
        var slips = await Finished(station.Client, await Send(station.Client, university,
            "memberNumber,groupId,validFrom,validTo\n20240001,护理2601,0001-01-01,\n20240001,护理2601,2026-07-01,9999-12-31\n20240001,护\0理2601,2026-07-01,\n2024\u001b0001,护理2601,2026-07-01,\n20240002,护理2501,2025-09-01,\n"));
        Assert.Equal(["0 rejected invalid_value", "1 rejected invalid_value", "2 rejected invalid_value", "3 rejected invalid_value", "4 accepted"], Rows(slips));
        var donor = await station.Client.Get($"/v1/donors/{one}");
        foreach (var (validFrom, validTo, pointer) in new (string?, string?, string)[] { ("0001-01-01", null, "/validFrom"), ("1899-12-31", null, "/validFrom"), (null, "9999-12-31", "/validTo"), ("2026-07-01", "2200-01-01", "/validTo"), ("9999-12-31", null, "/validFrom") })
        {
            var refused = await station.Client.Put($"/v1/donors/{one}/memberships/{university}", new { validFrom, validTo, shareParticipation = true }, donor.Response.Headers.ETag!.Tag);
            Assert.Equal((422, "invalid_value", pointer), (refused.Status, refused.Code, refused["errors"][0].GetProperty("pointer").GetString()));
        }

        // The same list again changes nothing and announces nothing.
        var said = (await service.Published<DonorChanged>()).Count(e => e.DonorId == one || e.DonorId == other);
        var again = await Finished(station.Client, await Send(station.Client, university, "memberNumber,groupId,validFrom,validTo\n20240001,护理2501,2025-09-01,2026-06-30\n20240002,护理2501,2025-09-01,\n"));
        Assert.Equal((2, said), (again["accepted"].GetInt32(), (await service.Published<DonorChanged>()).Count(e => e.DonorId == one || e.DonorId == other)));

        // Nothing of the list is left but what became of its rows.
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.membership_import_row where content is not null"));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.subject_key where subject_id in (select id from donor.membership_import)"));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from (select input::text || coalesce(result::text, '') t from donor.job union all select coalesce(detail, '') || coalesce(errors::text, '') from donor.job_problem union all select detail::text from donor.audit) x where t like '%20240001%' or t like '%护理2501%'"));
    }

    [Fact]
    public async Task An_organiser_moves_those_who_share_with_him_and_learns_nothing_of_the_others()
    {
        var station = new SomeStation(service);
        var university = await Organisation();
        var college = await Organisation(university);
        var (sharing, silent) = (await Member(station, college, "S1"), await Member(station, college, "S2", shares: false));
        var organiser = service.As(Roles.Organiser, university);
        var import = await Finished(organiser, await Send(organiser, college, "memberNumber,groupId,validFrom\nS1,新班,2025-09-01\nS2,新班,2025-09-01\nS3,新班,2025-09-01\n"));
        Assert.Equal(["0 accepted", "1 rejected member_unknown", "2 rejected member_unknown"], Rows(import)); // who does not share looks like who is no donor
        Assert.Equal((2, 1), ((await station.Client.Get($"/v1/donors/{sharing}/memberships"))["items"].GetArrayLength(), (await station.Client.Get($"/v1/donors/{silent}/memberships"))["items"].GetArrayLength()));
        Assert.DoesNotContain(sharing.ToString(), import.Body.ToString(), StringComparison.Ordinal);

        var stranger = service.As(Roles.Organiser, await Organisation());
        Assert.Equal(404, (await Send(stranger, college, "memberNumber,groupId,validFrom\nS1,新班,2026-09-01\n")).Status);
        Assert.Equal(404, (await Send(service.As(Roles.Organiser, college), university, "memberNumber,groupId,validFrom\nS1,新班,2026-09-01\n")).Status); // not above himself
        Assert.Equal(404, (await stranger.Get($"/v1/imports/memberships/{import.Id}")).Status);
        Assert.Equal(404, (await station.Client.Get($"/v1/imports/memberships/{import.Id}")).Status);
        Assert.Equal((403, "role_forbidden"), (await Send(service.As(Roles.App, Some.Id()), college, "memberNumber,groupId,validFrom\nS1,新班,2026-09-01\n")) is var app ? (app.Status, app.Code) : default);
    }

    [Fact]
    public async Task What_is_no_such_list_is_refused_and_nothing_is_kept()
    {
        var station = new SomeStation(service);
        var university = await Organisation();
        var cases = new (string Csv, string Type, Encoding Encoding, Guid? Organisation, int Status, string Code)[]
        {
            ("", "text/csv", Encoding.UTF8, university, 422, "import_unreadable"), ("memberNumber,groupId,validFrom\n", "text/csv", Encoding.UTF8, university, 422, "import_unreadable"),
            ("memberNumber,validFrom\nA,2025-09-01\n", "text/csv", Encoding.UTF8, university, 422, "import_unreadable"), ("memberNumber,groupId,validFrom\n\"A,2025\n", "text/csv", Encoding.UTF8, university, 422, "import_unreadable"),
            ("memberNumber,groupId,validFrom\nA,班é,2025-09-01\n", "text/csv", Encoding.Latin1, university, 422, "import_unreadable"),
            (string.Concat(Enumerable.Repeat("A,B,2025-09-01\n", 20_001).Prepend("memberNumber,groupId,validFrom\n")), "text/csv", Encoding.UTF8, university, 422, "import_unreadable"),
            ("memberNumber,groupId,validFrom\nA,B,2025-09-01\n", "application/json", Encoding.UTF8, university, 415, "unsupported_media_type"),
            ("memberNumber,groupId,validFrom\nA,B,2025-09-01\n", "text/csv", Encoding.UTF8, null, 422, "invalid_value"),
            ("memberNumber,groupId,validFrom\nA,B,2025-09-01\n", "text/csv", Encoding.UTF8, Some.OldId(), 404, "not_found"),
        };
        foreach (var c in cases)
            Assert.Equal((c.Status, c.Code), (await Send(station.Client, c.Organisation, c.Csv, c.Type, c.Encoding)) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.membership_import where tenant_id = @Id", new { station.Id }));
    }

    [Fact]
    public async Task A_donation_is_attributed_to_the_organisation_of_its_day()
    {
        var station = new SomeStation(service);
        var (school, university) = (await Organisation(), await Organisation());
        var donor = await station.Register();
        var put = await station.Client.Put($"/v1/donors/{donor.Id}/memberships/{school}", new { shareParticipation = true, validFrom = "2020-09-01", validTo = "2023-06-30" }, donor.Response.Headers.ETag!.Tag);
        put = await station.Client.Put($"/v1/donors/{donor.Id}/memberships/{university}", new { shareParticipation = true, validFrom = "2023-07-01" }, put.Response.Headers.ETag!.Tag);
        Assert.Equal(200, put.Status);
        var din = (await station.Dins())[0];
        Assert.Equal("completed", (await station.Backfill(donor.Id, new DateTimeOffset(2022, 3, 5, 9, 0, 0, TimeSpan.FromHours(8)), din)).Text("status"));
        Assert.Equal(school, (await service.Published<DonationCollected>()).Single(e => e.Din == din).DonorOrganisationId);
        await station.VisitAt("collected", donor.Id);
        Assert.Equal(university, (await service.Published<DonationCollected>()).Single(e => e.DonorId == donor.Id && e.Din != din).DonorOrganisationId);
    }

    [Fact]
    public async Task Periods_of_one_organisation_follow_each_other_and_never_overlap()
    {
        var station = new SomeStation(service);
        var university = await Organisation();
        var donor = await station.Register();
        var path = $"/v1/donors/{donor.Id}/memberships/{university}";
        Assert.Equal(200, (await station.Client.Put(path, new { shareParticipation = true, groupId = "一", validFrom = "2024-09-01" }, "*")).Status);
        Assert.Equal(200, (await station.Client.Put(path, new { shareParticipation = true, groupId = "二", validFrom = "2025-09-01" }, "*")).Status);
        Assert.Equal(200, (await station.Client.Put(path, new { shareParticipation = false, groupId = "二改", validFrom = "2025-09-01" }, "*")).Status);
        Assert.Equal((409, "membership_overlap"), (await station.Client.Put(path, new { shareParticipation = true, groupId = "零", validFrom = "2023-09-01" }, "*")) is var no ? (no.Status, no.Code) : default);
        var periods = (await station.Client.Get($"/v1/donors/{donor.Id}/memberships"))["items"].EnumerateArray().Select(m => $"{m.GetProperty("groupId").GetString()} {m.GetProperty("validTo").GetString()}".TrimEnd());
        Assert.Equal(["一 2025-08-31", "二改"], periods);
    }

    /// <summary>A database of its own: what is killed is only this test's.</summary>
    [Fact]
    public async Task An_import_that_is_killed_again_and_again_goes_on_with_another_runner_and_each_row_happens_once()
    {
        await using var database = await Servers.CreateDatabase("donor");
        var tokens = new TokenIssuer();
        Task<ServiceUnderTest> Start(bool first) => ServiceUnderTest.Start("donor", Program.Create, null, database, tokens, null, first, "--Platform:Jobs:Share=1");
        const int Members = 90, Strangers = 130, Unreadable = 40;
        var rows = Enumerable.Range(0, Members + Strangers + Unreadable).Select(n => n % 26 < 9 ? $"M{n / 26 * 9 + n % 26:0000},护理2501,2025-09-01," : n % 26 < 22 ? $"X{n:0000},护理2501,2025-09-01," : $"M0000,护理2501,someday,").ToArray();
        Assert.Equal((Members, Unreadable), (rows.Count(r => r[0] == 'M' && !r.Contains("someday", StringComparison.Ordinal)), rows.Count(r => r.Contains("someday", StringComparison.Ordinal))));

        var first = await Start(true);
        var stationId = Some.Id();
        var university = Some.Id();
        await first.Deliver(new OrganisationRegistered { Key = university.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), OrganisationId = university, Name = "测试大学", Kind = "university", District = "440703", Path = [university], Status = "active" });
        var station = first.As(Roles.Station, stationId);
        var donors = new List<Guid>();
        for (var n = 0; n < Members; n++)
        {
            var donor = await new SomeStation(first).Register();
            Assert.Equal(200, (await station.Put($"/v1/donors/{donor.Id}/memberships/{university}", new { memberNumber = $"M{n:0000}", groupId = "护理2401", validFrom = "2024-09-01", shareParticipation = true }, "*")).Status);
            donors.Add(donor.Id);
        }
        var said = (await first.Published<DonorChanged>()).Count;
        // The first row of the second step is held here: the runner comes that far, always, and is stopped in the middle of that step.
        const int AtOnce = 50;
        await database.Execute("create function donor.hold() returns trigger language plpgsql as 'begin if new.row = 50 then perform pg_advisory_xact_lock(50); end if; return new; end'; create trigger hold before update on donor.membership_import_row for each row execute function donor.hold()");
        Task<long> Done() => database.Scalar<long>("select coalesce(sum(done), 0)::bigint from donor.job where kind = 'import-memberships'");
        Answer import;
        await using (var holder = new NpgsqlConnection(database.Superuser))
        {
            await holder.OpenAsync();
            await holder.ExecuteAsync("select pg_advisory_lock(50)");
            import = await Send(station, university, "memberNumber,groupId,validFrom,validTo\n" + string.Join('\n', rows) + "\n");
            Assert.Equal(202, import.Status);
            await Eventually.That(() => database.Scalar<bool>("select exists (select from pg_locks where locktype = 'advisory' and objid = 50 and not granted)"), 60);
            await first.Stop();
            await holder.ExecuteAsync("select pg_advisory_unlock(50)");
        }
        Assert.Equal((AtOnce, AtOnce), (await Done(), await database.Scalar<long>("select count(*) from donor.membership_import_row where outcome is not null")));

        // Two others go on; the connections of both are killed, in the middle of a step or between two, before each step is done.
        var (second, third) = (await Start(false), await Start(false));
        try
        {
            for (var before = (long)AtOnce; before < rows.Length; before = await Done())
            {
                await database.Execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'donor'");
                await Eventually.That(async () => await Done() > before, 60);
                Assert.Equal(0, await database.Scalar<long>("select i.accepted + i.rejected - j.done from donor.membership_import i join donor.job j on j.id = i.job_id")); // in one look: the next step may be done meanwhile
            }
            station = second.As(Roles.Station, stationId);
            Answer result = null!;
            // A request may meet a connection that was killed in the pool: 503, and the next one is answered.
            await Eventually.That(async () => (result = await station.Get($"/v1/imports/memberships/{import.Id}?limit=1000")).Status == 200 && result.Text("state") == "succeeded", 60);
            Assert.Equal((Members, Strangers + Unreadable, rows.Length, rows.Length), (result["accepted"].GetInt32(), result["rejected"].GetInt32(), result["progress"].GetProperty("done").GetInt32(), result["progress"].GetProperty("total").GetInt32()));
            Assert.Equal(rows.Select((r, n) => r[0] == 'X' ? $"{n} rejected member_unknown" : r.Contains("someday", StringComparison.Ordinal) ? $"{n} rejected invalid_value" : $"{n} accepted"), Rows(result));
            Assert.Equal(rows.Length - Members, await database.Scalar<long>("select count(*) from donor.job_problem"));
            // One new period of each, announced once.
            Assert.Equal(2 * Members, await database.Scalar<long>("select count(*) from donor.membership"));
            Assert.Equal(donors.Order(), (await second.Published<DonorChanged>()).Skip(said).Select(e => e.DonorId).Order());
            Assert.Equal(0, await database.Scalar<long>("select count(*) from donor.subject_key where subject_id in (select id from donor.membership_import)"));
        }
        finally { await second.Stop(); await third.Stop(); }
    }
}
