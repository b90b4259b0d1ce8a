using System.Diagnostics;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Partner;
using Microsoft.IdentityModel.JsonWebTokens;

namespace BloodPlatform.Partners.Tests.Features;

[Collection(nameof(OnePartner))]
public sealed class StaffTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    private static object Person(string number = "S1", string pin = "246810", string qualifiedUntil = "2030-01-01", Guid? tenantId = null) =>
        new { staffNumber = number, name = "甲测试", functions = new[] { "registrar", "physician" }, qualifiedUntil, pin, tenantId };

    [Fact]
    public async Task A_member_of_staff_is_registered_and_announced_without_name_or_pin()
    {
        var tenant = Some.Id();
        var made = await service.As(Roles.Station, tenant).Post("/v1/staff", Person());
        Assert.Equal((201, "甲**", "active"), (made.Status, made.Text("name"), made.Text("status")));
        Assert.False(made.Body.TryGetProperty("pin", out _));
        var announced = Assert.Single(await service.Published<StaffChanged>(), e => e.StaffId == made.Id);
        Assert.Equal((tenant, tenant, "S1", "active"), (announced.TenantId, announced.StationId!.Value, announced.StaffNumber, announced.Status));
        Assert.Equal(["registrar", "physician"], announced.Functions);

        var read = await service.As(Roles.Station, tenant).Get($"/v1/staff/{made.Id}");
        Assert.Equal(made.Body.ToString(), read.Body.ToString());
        Assert.Equal(made.Id, Assert.Single((await service.As(Roles.Station, tenant).Get("/v1/staff"))["items"].EnumerateArray()).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task An_operator_registers_for_a_tenant_that_has_staff()
    {
        var (station, university) = (await service.Organisation("blood-station"), await service.Organisation("university"));
        Assert.Equal(201, (await service.Admin().Post("/v1/staff", Person(tenantId: station))).Status);
        Assert.Equal("tenant_kind_mismatch", (await service.Admin().Post("/v1/staff", Person(tenantId: university))).Code);
        Assert.Equal("invalid_value", (await service.Admin().Post("/v1/staff", Person())).Code);
        Assert.Equal("not_found", (await service.Admin().Post("/v1/staff", Person(tenantId: Some.OldId()))).Code);
    }

    [Fact]
    public async Task Another_tenants_staff_does_not_exist()
    {
        var (own, other) = (Some.Id(), Some.OldId());
        var made = await service.As(Roles.Station, other).Post("/v1/staff", Person());
        await service.Database.Execute("update partner.staff set id = @old where id = @Id; update partner.subject_key set subject_id = @old where subject_id = @Id", new { made.Id, old = Some.OldId() });
        var id = await service.Database.Scalar<Guid>("select id from partner.staff where tenant_id = @other", new { other });
        var before = await service.Database.Scalar<long>("select count(*) from partner.outbox");
        Assert.Equal("not_found", (await service.As(Roles.Station, own).Get($"/v1/staff/{id}")).Code);
        Assert.Equal("not_found", (await service.As(Roles.Hospital, own).Patch($"/v1/staff/{id}", new { pin = "111111" }, "*")).Code);
        Assert.Equal("not_found", (await service.As(Roles.Station, own).Post("/v1/staff", Person(tenantId: other))).Code);
        Assert.Equal("not_found", (await service.As(Roles.Station, own).Get($"/v1/staff?tenantId={other}")).Code);
        Assert.Equal("sign_in_failed", (await service.As(Roles.Station, own).Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "246810" })).Code);
        Assert.Empty((await service.As(Roles.Station, own).Get("/v1/staff"))["items"].EnumerateArray());
        Assert.Equal(before, await service.Database.Scalar<long>("select count(*) from partner.outbox"));
    }

    [Fact]
    public async Task Of_ten_who_take_a_number_at_once_one_gets_it()
    {
        var tenant = Some.Id();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => service.As(Roles.Station, tenant).Post("/v1/staff", Person())));
        Assert.Equal((1, 9), (answers.Count(a => a.Status == 201), answers.Count(a => a.Code == "staff_number_taken")));
        Assert.Equal(201, (await service.As(Roles.Station, Some.Id()).Post("/v1/staff", Person())).Status);
    }

    [Theory]
    [InlineData("""{"staffNumber":"S 1","name":"甲","functions":["issue"],"qualifiedUntil":"2030-01-01","pin":"246810"}""", 422)]
    [InlineData("""{"staffNumber":"S1","name":"甲","functions":["king"],"qualifiedUntil":"2030-01-01","pin":"246810"}""", 422)]
    [InlineData("""{"staffNumber":"S1","name":"甲","functions":["issue",null],"qualifiedUntil":"2030-01-01","pin":"246810"}""", 422)]
    [InlineData("""{"staffNumber":"S1","name":"甲","functions":[],"qualifiedUntil":"2030-01-01","pin":"246810"}""", 422)]
    [InlineData("""{"staffNumber":"S1","name":"甲","functions":["issue","issue"],"qualifiedUntil":"2030-01-01","pin":"246810"}""", 422)]
    [InlineData("""{"staffNumber":"S1","name":"甲","functions":["issue"],"qualifiedUntil":"2030-01-01","pin":"12"}""", 422)]
    [InlineData("""{"staffNumber":"S1","name":"甲","functions":["issue"],"qualifiedUntil":"2030-02-30","pin":"246810"}""", 400)]
    [InlineData("""{"staffNumber":"S1","name":"甲","functions":["issue"],"pin":"246810"}""", 400)]
    public async Task Bad_input_gets_a_problem_and_changes_nothing(string body, int status)
    {
        var before = await service.Database.Scalar<long>("select (select count(*) from partner.staff) + (select count(*) from partner.subject_key)");
        var answer = await service.As(Roles.Station, Some.Id()).PostRaw("/v1/staff", body);
        Assert.Equal((status, status == 400 ? "malformed_request" : "invalid_value"), (answer.Status, answer.Code));
        Assert.Equal(before, await service.Database.Scalar<long>("select (select count(*) from partner.staff) + (select count(*) from partner.subject_key)"));
    }

    [Fact]
    public async Task Signing_in_gives_fifteen_minutes_for_the_persons_functions()
    {
        var tenant = Some.Id();
        var station = service.As(Roles.Station, tenant);
        var made = await station.Post("/v1/staff", Person());
        var session = await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "246810" });
        Assert.Equal((201, "S1"), (session.Status, session.Text("staffNumber")));
        Assert.Equal("no-store", session.Response.Headers.CacheControl!.ToString());
        Assert.Equal(["registrar", "physician"], session["functions"].EnumerateArray().Select(f => f.GetString()));
        Assert.Equal(15, (session["expiresAt"].GetDateTimeOffset() - TimeProvider.System.GetUtcNow()).TotalMinutes, 1.0);

        var token = new JsonWebToken(session.Text("token"));
        Assert.Equal((Access.StaffAudience, made.Id.ToString(), tenant.ToString(), "S1", "registrar physician"),
            (token.Audiences.Single(), token.Subject, token.GetClaim("tenant").Value, token.GetClaim("staff_number").Value, token.GetClaim("functions").Value));
        Assert.Equal(TimeSpan.FromMinutes(15), token.ValidTo - token.ValidFrom);
        Assert.Equal(201, (await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "246810" })).Status);
    }

    [Fact]
    public async Task Five_wrong_pins_lock_the_number_also_for_the_right_one_and_exactly_five_are_looked_at()
    {
        var tenant = Some.Id();
        var station = service.As(Roles.Station, tenant);
        await station.Post("/v1/staff", Person());
        var tries = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "000000" })));
        Assert.Equal((5, 7), (tries.Count(t => t is { Status: 403, Code: "sign_in_failed" }), tries.Count(t => t is { Status: 429, Code: "sign_in_locked" })));

        var right = await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "246810" });
        Assert.Equal((429, "sign_in_locked"), (right.Status, right.Code));
        Assert.InRange(right.Response.Headers.RetryAfter!.Delta!.Value.TotalMinutes, 14, 15);

        await service.Database.Execute("update partner.sign_in set locked_until = now() where tenant_id = @tenant", new { tenant });
        Assert.Equal(201, (await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "246810" })).Status);
        Assert.Equal(0, await service.Database.Scalar<int>("select failed from partner.sign_in where tenant_id = @tenant", new { tenant }));
    }

    [Fact]
    public async Task A_right_pin_starts_the_count_anew()
    {
        var station = service.As(Roles.Station, Some.Id());
        await station.Post("/v1/staff", Person());
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 4; i++) Assert.Equal("sign_in_failed", (await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "000000" })).Code);
            Assert.Equal(201, (await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "246810" })).Status);
        }
    }

    [Fact]
    public async Task A_number_nobody_has_answers_locks_and_takes_as_long_as_any_other()
    {
        var station = service.As(Roles.Station, Some.Id());
        await station.Post("/v1/staff", Person());
        var wrong = await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin = "000000" });
        var nobody = await station.Post("/v1/staff/sessions", new { staffNumber = "S9", pin = "000000" });
        Assert.Equal((wrong.Status, wrong.Code, wrong.Text("title")), (nobody.Status, nobody.Code, nobody.Text("title")));

        async Task<TimeSpan> Fastest(Func<int, string> number)
        {
            var times = new List<TimeSpan>();
            for (var i = 0; i < 3; i++)
            {
                var started = Stopwatch.GetTimestamp();
                await station.Post("/v1/staff/sessions", new { staffNumber = number(i), pin = "000000" });
                times.Add(Stopwatch.GetElapsedTime(started));
            }
            return times.Min();
        }
        Assert.InRange(await Fastest(i => $"N{i}") / await Fastest(_ => "S1"), 0.4, 2.5);

        for (var i = 0; i < 4; i++) Assert.Equal("sign_in_failed", (await station.Post("/v1/staff/sessions", new { staffNumber = "S9", pin = "000000" })).Code);
        Assert.Equal("sign_in_locked", (await station.Post("/v1/staff/sessions", new { staffNumber = "S9", pin = "000000" })).Code);
    }

    [Fact]
    public async Task Who_is_no_longer_qualified_or_suspended_cannot_sign_in_and_a_stranger_does_not_learn_it()
    {
        var station = service.As(Roles.Station, Some.Id());
        var yesterday = Shanghai.DateOf(TimeProvider.System.GetUtcNow()).AddDays(-1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        var made = await station.Post("/v1/staff", Person(qualifiedUntil: yesterday));
        Assert.Equal((403, "staff_not_qualified"), await SignIn("246810"));
        Assert.Equal((403, "sign_in_failed"), await SignIn("000000"));

        Assert.Equal("if_match_required", (await station.Patch($"/v1/staff/{made.Id}", new { qualifiedUntil = "2030-01-01" })).Code);
        Assert.Equal("version_mismatch", (await station.Patch($"/v1/staff/{made.Id}", new { qualifiedUntil = "2030-01-01" }, "\"7\"")).Code);
        var changed = await station.Patch($"/v1/staff/{made.Id}", new { qualifiedUntil = "2030-01-01", functions = new[] { "issue" }, pin = "135790" }, "\"1\"");
        Assert.Equal((200, "\"2\"", "2030-01-01"), (changed.Status, changed.Response.Headers.ETag!.Tag, changed.Text("qualifiedUntil")));
        Assert.Equal(["issue"], Assert.Single(await service.Published<StaffChanged>(), e => e.StaffId == made.Id && e.Version == 2).Functions);
        Assert.Equal((201, null), await SignIn("135790"));
        Assert.Equal((403, "sign_in_failed"), await SignIn("246810"));

        Assert.Equal(200, (await station.Patch($"/v1/staff/{made.Id}", new { status = "suspended" }, "\"2\"")).Status);
        Assert.Equal((403, "staff_not_qualified"), await SignIn("135790"));

        async Task<(int, string?)> SignIn(string pin)
        {
            var answer = await station.Post("/v1/staff/sessions", new { staffNumber = "S1", pin });
            return (answer.Status, answer.Code);
        }
    }
}
