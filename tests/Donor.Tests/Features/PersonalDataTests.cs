using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Donors.Tests.Features;

[Collection("years ahead")] // a sweep of years ahead takes every restricted person with it
public sealed class PersonalDataTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private readonly DateOnly today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static object Body(string number, string phone = "13900000001", params string[] consents) =>
        new { name = "甲测试", document = new { kind = "resident-id", number }, phone, consents = consents.Length > 0 ? consents : ["registration", "contact"] };

    /// <summary>A service of its own, so that all it ever wrote, said and logged can be searched.</summary>
    [Fact]
    public async Task Planted_numbers_names_and_phones_are_in_no_log_event_trace_stored_answer_or_dump()
    {
        using var traces = new Traces();
        await using var alone = await ServiceUnderTest.Start("donor", Program.Create, settings: "--Logging:LogLevel:Default=Trace");
        using var log = new Everything();
        alone.App.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var station = new SomeStation(alone);
        var (number, phone, newPhone, name, member, note, answer) = (SomeStation.ResidentId(new(1987, 6, 5)), "13987654321", "13812345670", "欧阳无名氏", "M20259876", "亲属患乙型肝炎", "绝密原因甲");
        object Register(string doc) => new { name, document = new { kind = "resident-id", number = doc }, phone, consents = new[] { "registration", "contact" } };

        var made = await station.Client.Post("/v1/donors", Register(number), "key-1");
        Assert.Equal(201, made.Status);
        Assert.Equal(409, (await station.Client.Post("/v1/donors", Register(number), "key-2")).Status);
        await station.Client.Post("/v1/donors/search", new { document = new { kind = "resident-id", number } });
        await station.Client.Post("/v1/donors/search", new { phone });
        await station.Client.Post("/v1/donors", Register(number[..17] + "0"));                           // refused
        await station.Client.PostRaw("/v1/donors", $$"""{"name":"{{name}}","document":{"kind":"resident-id","number":"{{number}}"},"phone": """); // can't be read
        await station.Client.Patch($"/v1/donors/{made.Id}", new { phone = newPhone }, "*");
        await station.Client.Put($"/v1/donors/{made.Id}/memberships/{Some.OldId()}", new { memberNumber = member, shareParticipation = true }, "*");
        var visit = await station.VisitAt("completed", made.Id);
        await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal", severity = "mild", note }, "key-3");
        await station.Client.Post($"/v1/donors/{made.Id}/deferrals", new { code = "T14", from = today, note }, "key-4");
        await station.Client.Post($"/v1/donors/{made.Id}/late-information", new { note }, "key-5");
        Assert.Equal(200, (await station.Quality.Post($"/v1/donors/{made.Id}/full-reads", new { purpose = "care", reason = answer }, "key-6")).Status);
        Assert.Equal(200, (await station.Quality.Post($"/v1/donors/{made.Id}/export", new { }, "key-7")).Status);
        Assert.Equal(200, (await station.Physician.Get($"/v1/donors/{made.Id}/letters")).Status);
        var words = await EveryFreeText(station, made.Id, visit, number);
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{made.Id}/erasure", new { }, "key-8")).Status);
        Assert.Equal(201, (await station.Client.Post("/v1/donors", Register(number), "key-9")).Status);

        string[] planted = [.. words, number, phone, newPhone, name, member, note, answer, "1987-06-05", "19870605"];
        var dump = await Dump(alone.Database);
        Assert.Contains(made.Id.ToString(), dump, StringComparison.Ordinal);
        Assert.True(dump.Length > 20_000);
        foreach (var secret in planted)
        {
            Assert.DoesNotContain(secret, dump, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToHexString(Encoding.UTF8.GetBytes(secret)), dump, StringComparison.OrdinalIgnoreCase); // as bytea prints
            Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=')[..^1], dump, StringComparison.Ordinal);
        }
        Assert.True(await alone.Database.Scalar<long>("select count(*) from donor.idempotency") >= 5);
        var logged = string.Join('\n', log.Lines);
        Assert.True(log.Lines.Count > 50);
        var traced = string.Join('\n', traces.Lines);
        Assert.True(traces.Lines.Count > 50);
        foreach (var secret in planted)
        {
            Assert.DoesNotContain(secret, logged, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, traced, StringComparison.Ordinal);
        }
    }

    /// <summary>Says something of its own wherever words, or values of a person, are taken; says what.</summary>
    private async Task<string[]> EveryFreeText(SomeStation station, Guid donor, Guid visit, string number)
    {
        List<string> said = [];
        string Say(string where) { said.Add($"机密{where}{Some.Key()[^6..]}"); return said[^1]; }
        async Task<Answer> Done(int status, Task<Answer> act)
        {
            var answer = await act;
            Assert.True(answer.Status == status, answer.ToString());
            return answer;
        }
        async Task<Guid> Deferral(Guid who, string code, string note) => (await Done(201, station.Client.Post($"/v1/donors/{who}/deferrals", new { code, from = today, note }))).Id;

        // Of a collection and its record.
        await Done(201, station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "measured-again", values = new { collectedMl = 395 }, note = Say("更正") }, Some.Key()));
        var second = (await station.Register()).Id;
        var signed = (await station.Open(second)).Id;
        await Done(200, station.Registrar.Post($"/v1/visits/{signed}/consent", new { accepted = true, signature = new { method = "paper", reference = Say("柜号") } }, Some.Key()));
        await Done(200, station.Physician.Post($"/v1/visits/{signed}/defer", new { code = "T03", note = Say("暂缓") }, Some.Key()));
        await Done(201, station.Quality.Post($"/v1/visits/{signed}/corrections", new { reasonCode = "wrong-donor", note = Say("错人") }, Some.Key()));
        var third = (await station.Register()).Id;
        await Done(201, station.Quality.Post("/v1/visits", new { donorId = third, collectionPoint = "体育馆", openedAt = TimeProvider.System.GetUtcNow().AddYears(-2), backfillReason = Say("补录"), identityCheck = new { kind = "resident-id", method = "manual", outcome = "match" } }, Some.Key()));

        // Of deferrals and the ways out of them.
        await Done(200, station.Physician.Post($"/v1/deferrals/{await Deferral(second, "T14", Say("纹身"))}/lift", new { reason = Say("解除") }, Some.Key()));
        var opened = await Done(201, station.Physician.Post("/v1/reentry-cases", new { deferralId = await Deferral(second, "P07", Say("永久")) }, Some.Key()));
        await Done(200, station.Physician.Post($"/v1/reentry-cases/{opened.Id}/refuse", new { reason = Say("拒绝") }, Some.Key()));
        await station.Physician.Post($"/v1/donors/{donor}/interval-approvals", new { rule = "INTERVAL_WB_WB", on = today.AddDays(1), reason = Say("短隔") }, Some.Key());
        await station.Client.Post($"/v1/donors/{donor}/late-information", new { note = new string('长', 80) + Say("过长") }, Some.Key()); // refused, and not repeated

        // Of who somebody is.
        await Done(201, station.Quality.PostIfMatch($"/v1/donors/{donor}/identity-corrections", new { reasonCode = "changed-by-authority", document = new { kind = "resident-id", number }, name = Say("新名") }, "*"));
        await station.Quality.PostIfMatch($"/v1/donors/{donor}/identity-corrections", new { reasonCode = "changed-by-authority", document = new { kind = "resident-id", number }, name = Say("再改"), birthDate = "1971-02-03" }, "*"); // refused
        said.Add("1971-02-03");
        var passport = "E" + Some.Key()[^8..].ToUpperInvariant();
        said.Add(passport);
        await Done(201, station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = passport, seen = true }, Some.Key()));
        var twin = (await Done(201, station.Client.Post("/v1/donors", new { name = "甲测试", document = new { kind = "passport", number = "E" + Some.Key()[^8..].ToUpperInvariant() }, sex = "male", birthDate = "1987-06-05", phone = "13900000001", consents = new[] { "registration" } }))).Id;
        var merge = await Done(201, station.Registrar.Post("/v1/donor-merges", new { survivor = donor, absorbed = twin, reason = Say("合并") }, Some.Key()));
        await Done(200, station.Registrar.Post($"/v1/donor-merges/{merge.Id}/undo", new { reason = Say("撤销") }, Some.Key()));
        return [.. said];
    }

    /// <summary>A dump by the server's own tool, as a backup is made.</summary>
    private static async Task<string> Dump(TestDatabase database)
    {
        var server = new NpgsqlConnectionStringBuilder(database.Superuser);
        var tool = new[] { "/usr/lib/postgresql" }.Where(Directory.Exists).SelectMany(d => Directory.GetFiles(d, "pg_dump", SearchOption.AllDirectories)).Order(StringComparer.Ordinal).LastOrDefault() ?? "pg_dump";
        using var process = Process.Start(new ProcessStartInfo(tool, ["-h", server.Host!, "-p", server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "-U", server.Username!, "--inserts", database.Name])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8, Environment = { ["PGPASSWORD"] = server.Password ?? "", ["PGCLIENTENCODING"] = "UTF8" },
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var dump = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        return dump;
    }

    [Fact]
    public async Task A_full_identity_is_read_by_a_person_with_a_reason_and_leaves_a_trace_for_donor_and_authority()
    {
        var station = new SomeStation(service);
        await service.Deliver(new BloodPlatform.Contracts.Event.OrganisationRegistered { Key = station.Id.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), OrganisationId = station.Id, Name = "测试血站", Kind = "blood-station", District = "440705", Path = [station.Id], Status = "active" });
        var number = SomeStation.ResidentId(SomeStation.Adult);
        var donor = (await station.Client.Post("/v1/donors", Body(number))).Id;
        var path = $"/v1/donors/{donor}/full-reads";
        var body = new { purpose = "notify-result", reason = "电话不通，寄信" };
        Assert.Equal("staff_required", (await station.Client.Post(path, body)).Code);
        Assert.Equal("staff_function_required", (await station.Registrar.Post(path, body)).Code);
        Assert.Equal(403, (await service.As(Roles.App, Some.Id()).Post(path, body)).Status);
        Assert.Equal("invalid_value", (await station.Physician.Post(path, new { purpose = "curiosity", reason = "x" })).Code);
        Assert.Equal("invalid_value", (await station.Physician.Post(path, new { purpose = "care", reason = "" })).Code);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from donor.full_read where donor_id = @donor", new { donor }));

        var read = await station.Physician.Post(path, body, Some.Key());
        Assert.Equal((200, "甲测试", number, "13900000001", "1990-01-01"), (read.Status, read.Text("name"), read.Text("documentNumber"), read.Text("phone"), read.Text("birthDate")));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from donor.audit where action = 'donor.full-read' and resource = @r and staff_id is not null", new { r = $"donors/{donor}" }));
        var listed = Assert.Single((await station.Client.Get(path))["items"].EnumerateArray());
        Assert.Equal(("notify-result", "电话不通，寄信"), (listed.GetProperty("purpose").GetString(), listed.GetProperty("reason").GetString()));
        var own = (await Authority("440700").Get("/v1/full-reads?limit=1000"))["items"].EnumerateArray().Single(i => i.GetProperty("stationId").GetGuid() == station.Id);
        Assert.DoesNotContain(donor.ToString(), own.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(("notify-result", System.Text.Json.JsonValueKind.Null), (own.GetProperty("purpose").GetString(), own.GetProperty("reason").ValueKind));
        Assert.DoesNotContain((await Authority("110100").Get("/v1/full-reads?limit=1000"))["items"].EnumerateArray(), i => i.GetProperty("stationId").GetGuid() == station.Id);
        Assert.Equal(403, (await service.As(Roles.App, Some.Id()).Get("/v1/full-reads")).Status);
    }

    [Theory]
    [InlineData("""{"purpose":"curiosity","reason":"x"}""", 422, "/purpose")]
    [InlineData("""{"purpose":"","reason":"x"}""", 422, "/purpose")]
    [InlineData("""{"purpose":null,"reason":"x"}""", 400, null)]
    [InlineData("""{"reason":"x"}""", 400, null)]
    [InlineData("""{"purpose":["care"],"reason":"x"}""", 400, null)]
    [InlineData("""{"purpose":"care","reason":""}""", 422, "/reason")]
    [InlineData("""{"purpose":"care","reason":"LONG"}""", 422, "/reason")]
    [InlineData("""{"purpose":"care","reason":null}""", 400, null)]
    [InlineData("""{"purpose":"care"}""", 400, null)]
    [InlineData("""{"purpose":"care","reason":5}""", 400, null)]
    [InlineData("""{"purpose":"look-back","reason":"x","lookbackId":"none"}""", 400, null)]
    [InlineData("""{"purpose":"look-back","reason":"x","lookbackId":7}""", 400, null)]
    [InlineData("[]", 400, null)]
    [InlineData("", 400, null)]
    public async Task A_full_read_with_a_wrong_field_reads_nothing_and_is_not_recorded(string body, int status, string? pointer)
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(SomeStation.Adult);
        var donor = (await station.Client.Post("/v1/donors", Body(number))).Id;
        var answer = await station.Physician.PostRaw($"/v1/donors/{donor}/full-reads", body.Replace("LONG", new string('长', 81), StringComparison.Ordinal));
        Assert.Equal((status, status == 422 ? "invalid_value" : "malformed_request"), (answer.Status, answer.Code));
        if (pointer is not null) Assert.Equal(pointer, Assert.Single(answer["errors"].EnumerateArray()).GetProperty("pointer").GetString());
        Assert.DoesNotContain(number, answer.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from donor.full_read where donor_id = @donor", new { donor }));
    }

    private HttpClient Authority(string districts)
    {
        var http = service.As(Roles.Authority);
        http.DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(Roles.Authority, null, districts: districts));
        return http;
    }

    [Fact]
    public async Task An_export_holds_everything_for_the_donor_and_an_apps_what_it_may_see()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        var number = SomeStation.ResidentId(SomeStation.Adult);
        var donor = (await app.Post("/v1/donors", Body(number))).Id;
        var visit = await station.VisitAt("completed", donor);
        await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal", severity = "mild", note = "头晕" });
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = today, note = "纹身" });
        await station.Physician.Post($"/v1/donors/{donor}/full-reads", new { purpose = "care", reason = "回访" });
        await app.Put($"/v1/donors/{donor}/contact-preferences", new { reminders = "monthly", channels = new[] { "sms" } }, "*");
        await service.Database.Execute("insert into donor.reminder (donor_id, due_on, sent_at) values (@donor, '2025-02-03', '2025-02-03T09:00:00+08:00')", new { donor });
        Assert.Equal(201, (await station.Quality.PostIfMatch($"/v1/donors/{donor}/identity-corrections", new { reasonCode = "changed-by-authority", document = new { kind = "resident-id", number }, name = "甲改名" }, "*")).Status);
        Assert.Equal("staff_required", (await station.Client.Post($"/v1/donors/{donor}/export")).Code);

        var export = await station.Registrar.Post($"/v1/donors/{donor}/export");
        Assert.Equal((200, number, "13900000001"), (export.Status, export["identity"].GetProperty("documentNumber").GetString(), export["identity"].GetProperty("phone").GetString()));
        Assert.Equal(number, Assert.Single(export["documents"].EnumerateArray()).GetProperty("number").GetString());
        Assert.Single(export["donations"].EnumerateArray());
        var steps = Assert.Single(export["visits"].EnumerateArray()).GetProperty("steps").EnumerateArray().ToDictionary(s => s.GetProperty("step").GetString()!, s => s.GetProperty("record"));
        Assert.Equal(65.0, steps["vitals"].GetProperty("weightKg").GetDouble());
        Assert.NotEmpty(steps["consultation"].GetProperty("answers").EnumerateObject());
        Assert.Equal(("T14", "纹身"), Assert.Single(export["deferrals"].EnumerateArray()) is var d ? (d.GetProperty("code").GetString(), d.GetProperty("note").GetString()) : default);
        Assert.Equal("头晕", Assert.Single(export["reactions"].EnumerateArray()).GetProperty("note").GetString());
        Assert.Equal("回访", Assert.Single(export["fullReads"].EnumerateArray()).GetProperty("reason").GetString());
        Assert.Equal(2, export["consentHistory"].GetArrayLength());
        Assert.Contains(export["uses"].EnumerateArray(), u => u.GetProperty("action").GetString() == "donor.full-read");
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from donor.audit where action = 'donor.export' and resource = @r", new { r = $"donors/{donor}" }));

        // Judgements as they were made, each with what it went by; wishes, reminders, corrections with both states.
        var decisions = export["decisions"].EnumerateArray().ToList();
        Assert.Equal(["open", "vitals", "consultation", "pretest", "collection/start"], decisions.Select(d => d.GetProperty("step").GetString()!));
        var vitals = decisions.Single(d => d.GetProperty("step").GetString() == "vitals");
        Assert.Equal("cn-gb18467-2011", vitals.GetProperty("ruleSet").GetProperty("code").GetString());
        Assert.NotEmpty(vitals.GetProperty("input").GetProperty("values").EnumerateObject());
        Assert.Equal(System.Text.Json.JsonValueKind.Array, vitals.GetProperty("outcome").GetProperty("reasons").ValueKind);
        Assert.Equal(("monthly", "sms"), (export["reminderWishes"].GetProperty("reminders").GetString(), Assert.Single(export["reminderWishes"].GetProperty("channels").EnumerateArray()).GetString()));
        Assert.Equal("2025-02-03", Assert.Single(export["reminders"].EnumerateArray()).GetProperty("dueOn").GetString());
        var corrected = Assert.Single(export["identityCorrections"].EnumerateArray());
        Assert.Equal(("甲测试", "甲改名"), (corrected.GetProperty("before").GetProperty("name").GetString(), corrected.GetProperty("after").GetProperty("name").GetString()));

        var apps = await app.Post($"/v1/donors/{donor}/export");
        foreach (var said in new[] { "评估", "judgements", "reminders", "corrections" }) Assert.Contains(said, apps.Text("omitted"), StringComparison.Ordinal);
        foreach (var hidden in new[] { "甲改名", "2025-02-03", "haemoglobin", "cn-gb18467", "monthly" }) Assert.DoesNotContain(hidden, apps.Body.ToString(), StringComparison.Ordinal);
        Assert.Equal(["donorId", "at", "donor", "consentHistory", "donations", "omitted"], apps.Body.EnumerateObject().Select(p => p.Name));
        foreach (var hidden in new[] { number, "13900000001", "\"T14\"", "纹身", "头晕" }) Assert.DoesNotContain(hidden, apps.Body.ToString(), StringComparison.Ordinal);
        Assert.Equal(404, (await service.As(Roles.App, Some.Id()).Post($"/v1/donors/{donor}/export")).Status);
    }

    // Each table that knows a donor is in his export, or it is said here why not.
    private static readonly Dictionary<string, string> NotExported = new()
    {
        ["appointment"] = "Event's fact, kept here to judge who comes",
        ["withdrawal"] = "that blood was not used is told nobody: it would show a private withdrawal",
        ["donor_person"] = "which registrations are his: merges say it",
        ["duplicate_dismissal"] = "that another person looks like him is that one's secret too",
        ["erasure"] = "who has one is not exported any more",
        ["tombstone"] = "of who was erased", ["tombstone_document"] = "of who was erased", ["tombstone_claim"] = "what he goes on with is exported: deferrals, countedBesides, earlierReactionOn",
        ["sandbox_register"] = "a test's own answers",
        ["visit_void"] = "the visit says anotherDonors; the words name the other", ["visit_void_named"] = "what counts for him of it is in countedBesides", ["visit_void_signature"] = "who signed that it was another's",
    };

    [Fact]
    public async Task Every_table_that_knows_a_donor_is_exported_or_says_why_not()
    {
        var tables = await service.Database.Query<string>("""
            select distinct c.table_name from information_schema.columns c join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name and t.table_type = 'BASE TABLE'
            where c.table_schema = 'donor' and (c.column_name ~ '(^|_)donor_id$' or c.column_name in ('survivor_id', 'absorbed_id', 'first_id', 'claimant_id', 'case_id', 'visit_id', 'void_id')) order by 1
            """);
        var export = (string)typeof(Donors.Features.Exports.ExportDonor).GetField("Everything", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetRawConstantValue()!;
        var exported = System.Text.RegularExpressions.Regex.Matches(export, @"donor\.([a-z_]+)\b").Select(m => m.Groups[1].Value).ToHashSet();
        exported.UnionWith(["membership"]); // with the donor himself
        Assert.Contains("reentry_case", tables);
        Assert.Equal([], tables.Where(t => !exported.Contains(t) && !NotExported.ContainsKey(t)));
        Assert.Equal([], NotExported.Keys.Except(tables));
    }

    [Fact]
    public async Task What_was_decided_corrected_and_joined_is_in_the_export_in_words()
    {
        var station = new SomeStation(service);
        var (donor, other, stranger) = (await station.Donor(), await station.Donor(), await station.Donor());
        var visit = await station.VisitAt("completed", donor);
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "measured-again", values = new { collectedMl = 395 }, note = "复称" })).Status);
        Assert.Equal(201, (await station.Physician.Post($"/v1/donors/{donor}/interval-approvals", new { rule = "INTERVAL_PLT_PLT_HLA", on = today.AddDays(9), reason = "HLA配型" })).Status);
        var deferral = (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = today })).Id;
        Assert.Equal(200, (await station.Physician.Post($"/v1/deferrals/{deferral}/lift", new { reason = "记录有误" })).Status);
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = donor, absorbed = other, reason = "同一人" })).Status);
        var mixed = await station.VisitAt("completed", stranger);
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{mixed}/corrections", new { reasonCode = "wrong-donor", trueDonorId = other, note = "腕带拿错" })).Status);
        await service.Database.Execute("insert into donor.reentry_case (id, version, donor_id, deferral_id, station_id, status, rule_set, rule_set_version, opened_at, opened_by) values (gen_random_uuid(), 1, @donor, @deferral, @Id, 'open', 'cn-gb18467-2011', '1', now(), @Id)", new { donor, deferral, station.Id });
        await station.Client.Get($"/v1/donors/{donor}/card");

        var export = await station.Registrar.Post($"/v1/donors/{donor}/export");
        Assert.True(export.Status == 200, export.ToString());
        Assert.Equal(("复称", 395, "corrected"), Assert.Single(export["donationCorrections"].EnumerateArray()) is var c ? (c.GetProperty("note").GetString(), c.GetProperty("collectedMl").GetInt32(), c.GetProperty("kind").GetString()) : default);
        Assert.Equal("HLA配型", Assert.Single(export["intervalApprovals"].EnumerateArray()).GetProperty("reason").GetString());
        Assert.Equal("记录有误", export["deferrals"].EnumerateArray().Single(d => d.GetProperty("code").GetString() == "T14").GetProperty("liftReason").GetString());
        Assert.Equal("同一人", Assert.Single(export["merges"].EnumerateArray()).GetProperty("reason").GetString());
        Assert.Equal((today.ToString("yyyy-MM-dd", null), 400), Assert.Single(export["countedBesides"].EnumerateArray()) is var b ? (b.GetProperty("on").GetString(), b.GetProperty("collectedMl").GetInt32()) : default);
        Assert.Equal(deferral, Assert.Single(export["reentryCases"].EnumerateArray()).GetProperty("deferralId").GetGuid());
        Assert.Equal("clear", Assert.Single(export["visits"].EnumerateArray()).GetProperty("externalCheck").GetString());
        Assert.Matches("^[0-9]{12}$", export.Text("cardNumber"));

        // Of who it was recorded under by mistake: that it was another's, and not whose or why.
        var wronged = await station.Registrar.Post($"/v1/donors/{stranger}/export");
        Assert.Equal("wrong-donor", Assert.Single(wronged["donationCorrections"].EnumerateArray()).GetProperty("reasonCode").GetString());
        Assert.DoesNotContain("腕带", wronged.Body.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(other.ToString(), wronged.Body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consent_names_the_text_it_was_given_to_and_its_withdrawal_stays_on_record()
    {
        var station = new SomeStation(service);
        var texts = (await station.Client.Get("/v1/consents"))["items"].EnumerateArray().ToList();
        Assert.All(texts, t => Assert.Contains("PIPL Art.", t.GetProperty("clause").GetString(), StringComparison.Ordinal));
        Assert.All(texts.GroupBy(t => t.GetProperty("code").GetString()), versions => Assert.Single(versions, t => t.GetProperty("current").GetBoolean()));
        Assert.Equal("consent_unknown", (await station.Client.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult), consents: ["registration", "world-peace"]))).Code);
        Assert.Equal(403, (await service.As(Roles.Organiser, Some.Id()).Get("/v1/consents")).Status);

        var donor = await station.Client.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult)));
        Assert.All(donor["consents"].EnumerateArray(), c => Assert.Equal(1, c.GetProperty("version").GetInt32()));
        await station.Client.Patch($"/v1/donors/{donor.Id}", new { consents = new[] { "registration" } }, "*");
        await station.Client.Patch($"/v1/donors/{donor.Id}", new { consents = new[] { "registration", "contact" } }, "*");
        Assert.Equal(["contact true", "contact false", "contact true"], await service.Database.Query<string>("select code || ' ' || given from donor.consent_fact where donor_id = @id and code = 'contact' order by at, id", new { id = donor.Id }));
        await using var login = new NpgsqlConnection(service.Database.Service("donor"));
        await login.OpenAsync(TestContext.Current.CancellationToken);
        await using var rewrite = new NpgsqlCommand("update donor.consent_fact set given = true", login);
        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => rewrite.ExecuteNonQueryAsync())).SqlState);
    }

    [Fact]
    public async Task What_was_recorded_of_another_under_a_donor_is_not_handed_to_him()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("completed", donor);
        Assert.NotEmpty(Assert.Single((await station.Registrar.Post($"/v1/donors/{donor}/export"))["visits"].EnumerateArray()).GetProperty("steps").EnumerateArray());
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" })).Status);
        var export = await station.Registrar.Post($"/v1/donors/{donor}/export");
        var shown = Assert.Single(export["visits"].EnumerateArray());
        Assert.Equal((true, 0, 0), (shown.GetProperty("anotherDonors").GetBoolean(), shown.GetProperty("steps").GetArrayLength(), export["decisions"].GetArrayLength()));
    }

    [Fact]
    public async Task Agreeing_to_a_newer_text_needs_no_withdrawal_and_both_stay_on_record()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        var donor = (await app.Post("/v1/donors", Body(SomeStation.ResidentId(SomeStation.Adult)))).Id;
        // He agreed to a text of before.
        await service.Database.Execute("update donor.donor set consents = replace(consents::text, '\"version\": 1', '\"version\": 0')::jsonb where id = @donor", new { donor });
        await service.Database.Execute("update donor.consent_fact set version = 0 where donor_id = @donor", new { donor });
        var path = $"/v1/donors/{donor}/consents";
        async Task<int> Version() => (await app.Get($"/v1/donors/{donor}"))["consents"].EnumerateArray().Single(c => c.GetProperty("code").GetString() == "contact").GetProperty("version").GetInt32();
        Assert.Equal(0, await Version());
        // A list of codes agrees to no new text.
        await app.Patch($"/v1/donors/{donor}", new { consents = new[] { "registration", "contact" } }, "*");
        Assert.Equal(0, await Version());
        Assert.Equal((422, "consent_unknown"), (await app.Post(path, new { code = "contact", version = 2 })) is var early ? (early.Status, early.Code) : default);
        Assert.Equal((422, "consent_unknown"), (await app.Post(path, new { code = "world-peace", version = 1 })) is var none ? (none.Status, none.Code) : default);
        Assert.Equal((422, "invalid_value"), (await app.Post(path, new { code = "Contact!", version = 1 })) is var bad ? (bad.Status, bad.Code) : default);
        Assert.Equal(404, (await service.As(Roles.App, Some.Id()).Post(path, new { code = "contact", version = 1 })).Status);
        Assert.Equal(404, (await service.As(Roles.App, Some.Id()).Get(path)).Status);

        var announced = (await service.Published<DonorChanged>()).Count(e => e.DonorId == donor);
        Assert.Equal(200, (await app.Post(path, new { code = "contact", version = 1 })).Status);
        Assert.Equal(1, await Version());
        Assert.Equal(["contact 0 True", "contact 1 True"], (await station.Client.Get(path)).Body.EnumerateArray().Where(c => c.GetProperty("code").GetString() == "contact").Select(c => $"{c.GetProperty("code").GetString()} {c.GetProperty("version").GetInt32()} {c.GetProperty("given").GetBoolean()}"));
        Assert.Equal(1, (await service.Published<DonorChanged>()).Last(e => e.DonorId == donor).Consents.Single(c => c.Code == "contact").Version);
        // The same again is nothing new; who withdrew may agree again.
        Assert.Equal(200, (await app.Post(path, new { code = "contact", version = 1 })).Status);
        Assert.Equal(announced + 1, (await service.Published<DonorChanged>()).Count(e => e.DonorId == donor));
        await app.Patch($"/v1/donors/{donor}", new { consents = new[] { "registration" } }, "*");
        Assert.Equal(200, (await app.Post(path, new { code = "contact", version = 1 })).Status);
        Assert.Equal(["0 True", "1 True", "1 False", "1 True"], (await app.Get(path)).Body.EnumerateArray().Where(c => c.GetProperty("code").GetString() == "contact").Select(c => $"{c.GetProperty("version").GetInt32()} {c.GetProperty("given").GetBoolean()}"));
    }

    private sealed class Everything : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull { Lines.Enqueue(state.ToString() ?? ""); return null; }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose() { }
    }

    /// <summary>Every span of the sources that are exported, with all its tags and events, as an exporter would send them.</summary>
    private sealed class Traces : IDisposable
    {
        private readonly ActivityListener listener;

        public ConcurrentQueue<string> Lines { get; } = [];

        public Traces()
        {
            listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or "Npgsql" or "MassTransit" or "BloodPlatform.Chassis",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = span => Lines.Enqueue($"{span.DisplayName} {string.Join(' ', span.TagObjects)} {string.Join(' ', span.Events.SelectMany(e => e.Tags))} {span.StatusDescription} {string.Join(' ', span.Baggage)}"),
            };
            ActivitySource.AddActivityListener(listener);
        }

        public void Dispose() => listener.Dispose();
    }
}
