using System.Net.Http.Headers;
using Npgsql;

namespace BloodPlatform.Chassis.Tests;

/// <summary>A service without a broker: requests, answers, what they leave in the database.</summary>
public sealed class ProbeService : IAsyncLifetime
{
    public ServiceUnderTest Service { get; private set; } = null!;

    public HttpClient Station { get; private set; } = null!;

    public Guid Tenant { get; } = Some.Id();

    public async ValueTask InitializeAsync()
    {
        Service = await ServiceUnderTest.Start("donor", Probe.As("donor"));
        Station = Service.As(Roles.Station, Tenant);
    }

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}

public sealed class RequestTests(ProbeService probe) : IClassFixture<ProbeService>
{
    private Task<long> Count(string table, string where = "true", object? args = null) => probe.Service.Database.Scalar<long>($"select count(*) from donor.{table} where {where}", args);

    private async Task<Guid> MakeThing() => (await probe.Station.Post("/v1/things", new { name = Some.Key() })).Id;

    [Fact]
    public async Task A_rejected_request_leaves_neither_row_nor_event()
    {
        var (things, events) = (await Count("thing"), await Count("outbox"));
        var answer = await probe.Station.Post("/v1/things", new { name = "refused" }, Some.Key());
        Assert.Equal((409, "name_taken"), (answer.Status, answer.Code));
        Assert.Equal((things, events), (await Count("thing"), await Count("outbox")));
    }

    [Fact]
    public async Task A_violated_constraint_is_its_rejection_and_rolls_the_event_back()
    {
        var name = Some.Key();
        Assert.Equal(201, (await probe.Station.Post("/v1/things", new { name })).Status);
        var events = await Count("outbox");
        var answer = await probe.Station.Post("/v1/things", new { name });
        Assert.Equal((409, "name_taken"), (answer.Status, answer.Code));
        Assert.Equal(events, await Count("outbox"));
    }

    [Fact]
    public async Task A_read_that_fails_among_its_rows_spoils_nothing_for_whoever_gets_the_connection_next()
    {
        var one = new NpgsqlConnectionStringBuilder(PlatformService.ServiceConnectionString(probe.Service.App.Configuration)) { MaxPoolSize = 1 };
        await using var source = NpgsqlDataSource.Create(one);
        var db = new Database(source, new("donor"), new Request(), TimeProvider.System, new RelaySignal());
        Task<(int Rows, int Later)> Read(int rows) => db.InTransaction(tx => tx.Read("select 1 / (2 - g) from generate_series(0, @rows) g; select 42 as later", new { rows },
            async grid => ((await grid.ReadAsync<int>()).Count(), await grid.ReadSingleAsync<int>())), CancellationToken.None);

        var failed = await Assert.ThrowsAsync<PostgresException>(() => Read(2)); // after two rows; the second statement was never reached
        Assert.Equal(PostgresErrorCodes.DivisionByZero, failed.SqlState);
        Assert.Equal((2, 42), await Read(1));
    }

    [Theory]
    [InlineData("update donor.thing set name = name where id = any(@ids)")]
    [InlineData("with wanted as (select unnest(@ids) as id) update donor.thing t set name = name from wanted w where t.id = w.id")]
    [InlineData("insert into donor.thing (id, version, name) select gen_random_uuid(), 1, 'copy of ' || id from donor.thing where id = any(@ids)")]
    public async Task A_write_that_touches_other_rows_than_it_should_is_taken_back_with_all_that_was_queued(string sql)
    {
        var one = new NpgsqlConnectionStringBuilder(PlatformService.ServiceConnectionString(probe.Service.App.Configuration)) { MaxPoolSize = 1 };
        await using var source = NpgsqlDataSource.Create(one);
        var db = new Database(source, new("donor"), new Request(), TimeProvider.System, new RelaySignal());
        Guid[] things = [await MakeThing(), await MakeThing()];
        async Task<string> Write(params Guid[] ids)
        {
            var action = Some.Key();
            await db.InTransaction(tx => { tx.Audit(action, "things"); tx.Write(sql, new { ids }); tx.WriteLast("update donor.thing set version = version + 1 where id = @id", new { id = things[0] }); return Task.CompletedTask; }, CancellationToken.None);
            return action;
        }
        Task<long> Version() => Count("thing", "id = @id and version = 2", new { id = things[0] });

        foreach (var wrong in new Guid[][] { [], things })
        {
            var entries = await Count("audit");
            Assert.Contains($"A write touched {wrong.Length} rows where 1 must be", (await Assert.ThrowsAsync<InvalidOperationException>(() => Write(wrong))).Message, StringComparison.Ordinal);
            Assert.Equal((entries, 0), (await Count("audit"), await Version()));
        }
        Assert.Equal(1, await Count("audit", "action = @action", new { action = await Write(things[1]) }));
        Assert.Equal(1, await Version());
    }

    [Fact]
    public async Task A_search_leaves_with_its_entry_or_not_at_all()
    {
        var one = new NpgsqlConnectionStringBuilder(PlatformService.ServiceConnectionString(probe.Service.App.Configuration)) { MaxPoolSize = 1 };
        await using var source = NpgsqlDataSource.Create(one);
        var db = new Database(source, new("donor"), new Request(), TimeProvider.System, new RelaySignal());
        var action = Some.Key();
        Task<List<int>> Search(int most, string detail = "jsonb_build_object('most', @most)") => db.Search(action, "things", detail, "select 6 / (3 - g) from generate_series(0, @most) g;", new { most },
            async grid => (await grid.ReadAsync<int>()).ToList(), CancellationToken.None);
        Task<long> Entries() => Count("audit", "action = @action", new { action });

        Assert.Equal([2, 3, 6], await Search(2));
        Assert.Equal(1, await Entries());
        Assert.Equal(PostgresErrorCodes.DivisionByZero, (await Assert.ThrowsAsync<PostgresException>(() => Search(3))).SqlState); // among its rows
        Assert.Equal(PostgresErrorCodes.NotNullViolation, (await Assert.ThrowsAsync<PostgresException>(() => Search(2, "null::jsonb"))).SqlState); // behind them
        await Assert.ThrowsAsync<InvalidOperationException>(() => db.Search(action, "things", "'{}'::jsonb", "select 1; select 2", new { }, grid => grid.ReadSingleAsync<int>(), CancellationToken.None)); // not read to its end: written down, and not handed out
        Assert.Equal([2, 3, 6], await Search(2)); // and the connection is as good as new
        Assert.Equal(3, await Entries());
    }

    [Fact]
    public async Task The_same_key_replays_the_same_answer_and_does_nothing_twice()
    {
        var (name, key) = (Some.Key(), Some.Key());
        var first = await probe.Station.Post("/v1/things", new { name }, key);
        var again = await probe.Station.Post("/v1/things", new { name }, key);
        Assert.Equal((201, first.Body.ToString()), (again.Status, again.Body.ToString()));
        Assert.Equal(first.Response.Headers.Location, again.Response.Headers.Location);
        Assert.Equal(first.Response.Headers.ETag, again.Response.Headers.ETag);
        Assert.Equal("true", again.Response.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(1, await Count("thing", "name = @name", new { name }));
    }

    [Fact]
    public async Task A_replay_comes_before_the_rule_so_a_later_state_does_not_change_the_answer()
    {
        var (thing, key) = (await MakeThing(), Some.Key());
        var first = await probe.Station.Post($"/v1/things/{thing}/touch", new { }, key);
        Assert.Equal("\"2\"", first.Response.Headers.ETag!.Tag);
        await probe.Station.Post($"/v1/things/{thing}/touch", new { }, Some.Key());
        var again = await probe.Station.Post($"/v1/things/{thing}/touch", new { }, key);
        Assert.Equal("\"2\"", again.Response.Headers.ETag!.Tag);
        Assert.Equal(3, await probe.Service.Database.Scalar<long>("select version from donor.thing where id = @thing", new { thing }));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        var key = Some.Key();
        await probe.Station.Post("/v1/things", new { name = Some.Key() }, key);
        var other = await probe.Station.Post("/v1/things", new { name = Some.Key() }, key);
        Assert.Equal((422, "idempotency_key_reused"), (other.Status, other.Code));
    }

    [Fact]
    public async Task A_key_belongs_to_its_client()
    {
        var key = Some.Key();
        var (one, two) = (await probe.Station.Post("/v1/things", new { name = Some.Key() }, key), await probe.Service.As(Roles.Station, Some.Id()).Post("/v1/things", new { name = Some.Key() }, key));
        Assert.Equal((201, 201), (one.Status, two.Status));
        Assert.NotEqual(one.Id, two.Id);
    }

    [Fact]
    public async Task Twenty_concurrent_twins_have_one_effect_and_one_answer()
    {
        var thing = await MakeThing();
        var (key, name, makeKey) = (Some.Key(), Some.Key(), Some.Key());
        var touched = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => probe.Station.Post($"/v1/things/{thing}/touch", new { }, key)));
        Assert.All(touched, t => Assert.Equal((200, "\"2\""), (t.Status, t.Response.Headers.ETag!.Tag)));
        Assert.Equal(19, touched.Count(t => t.Response.Headers.Contains("Idempotent-Replayed")));
        // Where nothing is read, the key's own constraint decides.
        var made = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => probe.Station.Post("/v1/things", new { name }, makeKey)));
        Assert.Single(made.Select(m => m.ToString()).Distinct());
        Assert.Equal(19, made.Count(m => m.Response.Headers.Contains("Idempotent-Replayed")));
        Assert.Equal(1, await Count("outbox", "key = @key", new { key = made[0].Id.ToString() }));
    }

    [Fact]
    public async Task A_rejection_is_not_stored_so_the_key_can_be_used_when_the_reason_is_gone()
    {
        var (name, key) = (Some.Key(), Some.Key());
        var first = await probe.Station.Post("/v1/things", new { name });
        Assert.Equal(409, (await probe.Station.Post("/v1/things", new { name }, key)).Status);
        await probe.Station.Patch($"/v1/things/{first.Id}", new { name = Some.Key() }, "\"1\"");
        Assert.Equal(201, (await probe.Station.Post("/v1/things", new { name }, key)).Status);
    }

    [Fact]
    public async Task Stored_answers_are_sealed()
    {
        var name = "plain-" + Some.Key();
        await probe.Station.Post("/v1/things", new { name }, Some.Key());
        Assert.Equal(0, await Count("idempotency", "position(convert_to(@name, 'UTF8') in answer) > 0", new { name }));
    }

    [Fact]
    public async Task A_call_that_demands_a_key_is_refused_without_one()
    {
        var signed = probe.Service.As(Roles.Station, probe.Tenant, "r-1", "release");
        var answer = await signed.Post($"/v1/things/{await MakeThing()}/demanding");
        Assert.Equal((400, "idempotency_key_required"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_change_needs_the_version_it_was_read_at()
    {
        var thing = await MakeThing();
        var without = await probe.Station.Patch($"/v1/things/{thing}", new { name = Some.Key() });
        Assert.Equal((428, "if_match_required"), (without.Status, without.Code));
        var stale = await probe.Station.Patch($"/v1/things/{thing}", new { name = Some.Key() }, "\"7\"");
        Assert.Equal((412, "version_mismatch"), (stale.Status, stale.Code));
        var right = await probe.Station.Patch($"/v1/things/{thing}", new { name = Some.Key() }, "\"1\"");
        Assert.Equal((200, "\"2\""), (right.Status, right.Response.Headers.ETag!.Tag));
    }

    [Fact]
    public async Task Two_changes_at_once_of_one_version_give_one_winner()
    {
        var thing = await MakeThing();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => probe.Station.Patch($"/v1/things/{thing}", new { name = Some.Key() }, "\"1\"")));
        Assert.Equal((1, 9), (answers.Count(a => a.Status == 200), answers.Count(a => a.Status == 412)));
    }

    [Theory]
    [InlineData("""{"name":"x" """, "")]
    [InlineData("""{"name":7}""", "/name")]
    [InlineData("""{}""", "")]
    [InlineData("""{"name":null}""", "/name")]
    public async Task What_cannot_be_read_is_a_400_that_points_at_it(string body, string pointer)
    {
        var answer = await probe.Station.PostRaw("/v1/things", body);
        Assert.Equal((400, "malformed_request"), (answer.Status, answer.Code));
        Assert.Equal("application/problem+json", answer.Response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(pointer, answer["errors"][0].GetProperty("pointer").GetString());
        Assert.DoesNotContain("BloodPlatform", answer.Body.ToString());
    }

    [Theory]
    [InlineData("a\\u0000b", false)]
    [InlineData("\\u0000", false)]
    [InlineData("a\\u001b[2Jb", false)]
    [InlineData("a\\u007fb", false)]
    [InlineData("a\\u0085b", false)]
    [InlineData("a\\ud800b", false)]
    [InlineData("一行\\n二行\\t列", true)]
    public async Task Control_characters_are_refused_where_they_stand_and_line_breaks_are_not(string name, bool kept)
    {
        var things = await Count("thing");
        var answer = await probe.Station.PostRaw("/v1/things", $$"""{"name":"{{name}}"}""");
        Assert.Equal(kept ? (201, null) : (400, "malformed_request"), (answer.Status, answer.Code));
        if (!kept) Assert.Equal("/name", answer["errors"][0].GetProperty("pointer").GetString());
        Assert.Equal(things + (kept ? 1 : 0), await Count("thing"));
    }

    [Theory]
    [InlineData("/v1/things/search?name=a%00b", 400, "/name")]
    [InlineData("/v1/things/search?name=%1B", 400, "/name")]
    [InlineData("/v1/things/search?name=%0A", 200, null)]
    [InlineData("/v1/things/%01", 400, null)]
    public async Task In_an_address_they_are_refused_too(string path, int status, string? pointer)
    {
        var answer = await probe.Station.Get(path);
        Assert.Equal(status, answer.Status);
        if (pointer is not null) Assert.Equal(("malformed_request", pointer), (answer.Code, answer["errors"][0].GetProperty("pointer").GetString()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_comes_in_a_form_or_as_plain_text_is_the_callers_fault_too_and_no_failure(bool form)
    {
        using HttpContent content = form ? new FormUrlEncodedContent([new("name", "a\0b")]) : new StringContent("a\0b");
        var answer = await probe.Station.PostAsync("/v1/things/form", content, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("malformed_request", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_old_id_is_404_and_a_fresh_one_is_waited_for_then_409()
    {
        Assert.Equal((404, "not_found"), await CodeOf($"/v1/things/{Some.OldId()}"));
        var (status, code) = await CodeOf($"/v1/things/{Some.Id()}");
        Assert.Equal((409, "not_yet_visible"), (status, code));

        var late = Some.Id();
        var asking = probe.Station.Get($"/v1/things/{late}");
        await probe.Service.Database.Execute("insert into donor.thing (id, version, name) values (@late, 1, 'late')", new { late });
        Assert.Equal(200, (await asking).Status);
    }

    private async Task<(int, string?)> CodeOf(string path)
    {
        var answer = await probe.Station.Get(path);
        return (answer.Status, answer.Code);
    }

    [Fact]
    public async Task An_unknown_path_and_a_wrong_method_are_problem_documents()
    {
        Assert.Equal((404, "not_found"), await CodeOf("/v1/nothing-here"));
        Assert.Equal((405, "method_not_allowed"), await CodeOf("/v1/things"));
    }

    [Fact]
    public async Task Problems_speak_the_language_that_was_asked_for_and_Chinese_by_default()
    {
        async Task<string> Title(string? language)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/things/{Some.OldId()}");
            using var http = new HttpClient { BaseAddress = probe.Service.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", probe.Service.Tokens.Client(Roles.Station, probe.Tenant)) } };
            if (language is not null) request.Headers.AcceptLanguage.ParseAdd(language);
            var answer = await http.SendAsync(request);
            return System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("title").GetString()!;
        }
        Assert.Equal("未找到", await Title(null));
        Assert.Equal("未找到", await Title("zh-CN"));
        Assert.Equal("Not found", await Title("en"));
        Assert.Equal("未找到", await Title("fr"));
    }

    [Fact]
    public async Task A_write_request_costs_two_round_trips_and_one_where_nothing_is_read()
    {
        var settings = new NpgsqlConnectionStringBuilder(probe.Service.Database.Service("donor"));
        await using var proxy = new TcpProxy(settings.Host!, settings.Port);
        settings.Port = proxy.Port;
        settings.MaxPoolSize = 1;
        settings.SslMode = SslMode.Disable;
        var counted = await ServiceUnderTest.Start("donor", Probe.As("donor"), database: probe.Service.Database, tokens: probe.Service.Tokens, migrate: false, settings: "--ConnectionStrings:Service=" + settings.ConnectionString);
        try
        {
            var station = counted.As(Roles.Station, probe.Tenant);
            Task<int> Cost(Func<Task<Answer>> call) => proxy.Least(async () => Assert.InRange((await call()).Status, 200, 201));
            var thing = await MakeThing();
            Assert.Equal(1, await Cost(() => station.Post("/v1/things", new { name = Some.Key() }, Some.Key())));
            Assert.Equal(2, await Cost(() => station.Post($"/v1/things/{thing}/touch", new { }, Some.Key())));
        }
        finally { await counted.Stop(); }
    }

    [Fact]
    public async Task An_audit_entry_names_client_and_act_and_can_be_neither_changed_nor_removed()
    {
        var thing = await MakeThing();
        await probe.Station.Post($"/v1/things/{thing}/touch");
        Assert.Equal(1, await Count("audit", "action = 'touch' and resource = @resource and client_id = @client", new { resource = $"thing/{thing}", client = $"station-{probe.Tenant}" }));
        await using var asService = new NpgsqlConnection(probe.Service.Database.Service("donor"));
        await asService.OpenAsync();
        foreach (var sql in new[] { "update donor.audit set action = 'x'", "delete from donor.audit", "truncate donor.audit", "delete from donor.outbox", "drop table donor.thing", "create table donor.x (id int)" })
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => new NpgsqlCommand(sql, asService).ExecuteNonQueryAsync())).SqlState);
    }
}
