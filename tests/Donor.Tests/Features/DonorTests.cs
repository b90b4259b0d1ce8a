using Microsoft.Extensions.DependencyInjection;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class DonorTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static object Body(string number, string kind = "resident-id", string phone = "13900000001", string? sex = null, string? birthDate = null, params string[] consents) =>
        new { name = "甲测试", document = new { kind, number }, phone, sex, birthDate, consents = consents.Length > 0 ? consents : ["registration", "contact"] };

    [Fact]
    public async Task A_donor_is_registered_masked_sealed_and_announced_without_a_word_about_who_he_is()
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(new(1990, 5, 20), male: false);
        var answer = await station.Client.Post("/v1/donors", Body(number, phone: "+86 139-1111-2222"), "reg-" + number);
        Assert.Equal(201, answer.Status);
        Assert.Equal($"/v1/donors/{answer.Id}", answer.Response.Headers.Location!.ToString());
        Assert.Equal(("甲**", "female", 1990), (answer.Text("name"), answer.Text("sex"), answer["birthYear"].GetInt32()));
        Assert.Equal(number[..6] + "********" + number[^4..], answer["document"].GetProperty("number").GetString());
        var read = await station.Client.Get($"/v1/donors/{answer.Id}");
        Assert.Equal((answer.Text("phone"), answer.Response.Headers.ETag!.Tag), (read.Text("phone"), read.Response.Headers.ETag!.Tag));

        var registered = Assert.Single(await service.Published<DonorRegistered>(), e => e.DonorId == answer.Id);
        Assert.Equal(("active", 2), (registered.Status, registered.Consents.Length));
        var windows = Assert.Single(await service.Published<DonorEligibilityChanged>(), e => e.DonorId == answer.Id);
        var life = Assert.Single(windows.Procedures.Single(p => p.Procedure == "whole-blood").Windows);
        Assert.Equal(new DateWindow(new(2012, 7, 1), new(2046, 5, 19)), life); // 56th birthday is the first closed day
        Assert.True(windows.Version > registered.Version);

        foreach (var secret in new[] { number, "13911112222", "甲测试", "1990-05-20" })
            Assert.Equal((secret, null), (secret, await station.Scalar<string?>("""
                select min(t) from (select payload::text t from donor.outbox where key = @key union all select detail::text || resource from donor.audit where resource like '%' || @key union all select donor::text from donor.donor where id = @key::uuid
                                    union all select encode(answer, 'escape') from donor.idempotency) x where t like '%' || @secret || '%'
                """, new { secret, key = answer.Id.ToString() })));
        Assert.True(await station.Scalar<int>("select count(*) from donor.audit where resource = @resource", new { resource = $"donors/{answer.Id}" }) >= 2);
    }

    [Theory]
    [InlineData("hmt-residence-permit", "810000199001010019", null, null)]
    [InlineData("hk-macau-permit", "H90000001", "male", "1991-02-03")]
    [InlineData("taiwan-permit", "90000001", "female", "1991-02-03")]
    [InlineData("passport", "EZ9000001", "male", "1991-02-03")]
    [InlineData("military-id", "军字第9000001", "male", "1991-02-03")]
    public async Task Every_kind_of_document_registers(string kind, string number, string? sex, string? birthDate) =>
        Assert.Equal(201, (await new SomeStation(service).Client.Post("/v1/donors", Body(number, kind, sex: sex, birthDate: birthDate))).Status);

    [Fact]
    public async Task Bad_input_gets_a_problem_and_changes_nothing()
    {
        var client = new SomeStation(service).Client;
        var good = SomeStation.ResidentId(new(1991, 1, 1));
        var wrong = good[..17] + (good[17] == '1' ? '2' : '1');
        var cases = new (object Body, int Status, string Code)[]
        {
            (Body(wrong), 422, "document_invalid"),
            (Body(good, "hmt-residence-permit"), 422, "document_invalid"),
            (Body(good, "library-card"), 422, "invalid_value"),
            (Body(good, sex: "female"), 422, "identity_contradiction"),
            (Body(good, birthDate: "1991-01-02"), 422, "identity_contradiction"),
            (Body(good, birthDate: "1991-02-30"), 400, "malformed_request"),
            (Body(good, consents: "contact"), 422, "consent_required"),
            (Body(good, consents: ["registration", "Not A Code"]), 422, "invalid_value"),
            (Body(good, phone: "call me"), 422, "invalid_value"),
            (Body("E55555555", "passport"), 422, "invalid_value"),
            (new { name = "甲测试" }, 400, "malformed_request"),
        };
        foreach (var (body, status, code) in cases)
        {
            var answer = await client.Post("/v1/donors", body);
            Assert.True((answer.Status, answer.Code) == (status, code), $"{JsonSerializer.Serialize(body)} → {answer}");
        }
        Assert.Equal(201, (await client.Post("/v1/donors", Body(good))).Status); // nothing of all that was kept
        Assert.Equal((403, "role_forbidden"), ((await service.As(Roles.Hospital, Some.Id()).Post("/v1/donors", Body(good))) is var h ? (h.Status, h.Code) : default));
        Assert.Equal(401, (int)(await service.Anonymous().PostAsync("/v1/donors", null)).StatusCode);
    }

    [Theory]
    [InlineData("name", "")]
    [InlineData("name", " ")]
    [InlineData("name", "\u3000")]
    [InlineData("name", "123")]
    [InlineData("name", "··")]
    [InlineData("name", "甲\n测试")]
    [InlineData("phone", "1----")]
    [InlineData("phone", "1    ")]
    [InlineData("phone", "1-2-3")]
    [InlineData("phone", "1234")]
    [InlineData("phone", "13900000001-")]
    [InlineData("phone", "139 0000  0001")]
    [InlineData("phone", "１３９０００００００１")]
    [InlineData("phone", "+")]
    [InlineData("phone", "1234567890123456789012345")]
    [InlineData("district", "４４０７０３")]
    [InlineData("district", "٤٤٠٧٠٣")]
    [InlineData("district", "44070")]
    [InlineData("district", "4407030")]
    [InlineData("district", "")]
    [InlineData("bloodGroup", "o+")]
    [InlineData("bloodGroup", "Rh")]
    [InlineData("bloodGroup", "")]
    [InlineData("sex", "M")]
    [InlineData("sex", "")]
    [InlineData("birthDate", "0001-01-01", "identity_contradiction")]
    [InlineData("birthDate", "9999-12-31", "identity_contradiction")]
    [InlineData("birthDate", "1991-1-1", "malformed_request")]
    [InlineData("birthDate", "１９９１-01-01", "malformed_request")]
    [InlineData("consents", "registration\n")]
    [InlineData("consents", "")]
    [InlineData("consents", "Registration")]
    [InlineData("consents", "no-such-consent", "consent_unknown")]
    [InlineData("number", " ")]
    [InlineData("number", "４４０７")]
    [InlineData("number", "44070319910101001X")]
    [InlineData("kind", "resident_id")]
    public async Task Each_field_of_a_registration_has_its_wrong_forms_and_none_is_kept(string field, string value, string? code = null)
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(new(1991, 1, 1));
        var body = new Dictionary<string, object?> { ["name"] = "甲测试", ["document"] = new { kind = field == "kind" ? value : "resident-id", number = field == "number" ? value : number }, ["phone"] = "13900000001", ["consents"] = field == "consents" ? ["registration", value] : new[] { "registration" } };
        if (field is not ("kind" or "number" or "consents")) body[field] = value;
        var before = await station.Scalar<long>("select count(*) from donor.donor");
        var refused = await station.Client.Post("/v1/donors", body);
        code ??= field == "number" ? "document_invalid" : "invalid_value";
        Assert.True((refused.Status, refused.Code) == (code == "malformed_request" ? 400 : 422, code), refused.ToString());
        var pointer = refused["errors"][0].GetProperty("pointer").GetString();
        Assert.Equal(field switch { "kind" or "number" => $"/document/{field}", "consents" => "/consents/1", _ => "/" + field }, pointer);

        // What is changed later has the same forms.
        if (field is not ("phone" or "district" or "bloodGroup")) return;
        var donor = await station.Register();
        refused = await station.Client.Patch($"/v1/donors/{donor.Id}", new Dictionary<string, object?> { [field] = value }, donor.Response.Headers.ETag!.Tag);
        Assert.Equal((422, "invalid_value", pointer), (refused.Status, refused.Code, refused["errors"][0].GetProperty("pointer").GetString()));
        Assert.True(await station.Scalar<long>("select count(*) from donor.donor") > before); // only who was registered rightly
    }

    [Theory]
    [InlineData("𠮷野")]
    [InlineData("买买提·吐尔逊")]
    [InlineData("O'Neil-Sá")]
    public async Task A_name_is_as_people_have_it(string name)
    {
        var station = new SomeStation(service);
        Assert.Equal(201, (await station.Client.Post("/v1/donors", new { name, document = new { kind = "resident-id", number = SomeStation.ResidentId(new(1991, 1, 1)) }, phone = "+86 0750-123 4567", district = "440703", consents = new[] { "registration" } })).Status);
    }

    [Fact]
    public async Task A_known_person_is_named_to_a_station_and_not_to_an_app()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        var known = await station.Client.Post("/v1/donors", Body("M70000001", "hk-macau-permit", sex: "male", birthDate: "1990-01-01"));
        var renewed = Body("M7000000103", "hk-macau-permit", sex: "male", birthDate: "1990-01-01");
        var again = await new SomeStation(service).Client.Post("/v1/donors", renewed);
        Assert.Equal((409, "donor_exists", known.Id), (again.Status, again.Code, again["donorId"].GetGuid()));
        var asked = await app.Post("/v1/donors", renewed, Some.Key());
        Assert.Equal((202, """{"status":"link-required"}"""), (asked.Status, asked.Body.ToString()));
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.audit where action = 'donor.link-required' and resource = @resource", new { resource = $"donors/{known.Id}" }));
        Assert.Equal(404, (await app.Get($"/v1/donors/{known.Id}")).Status);
    }

    [Fact]
    public async Task Eight_registrations_of_one_person_at_once_make_one_donor()
    {
        var station = new SomeStation(service);
        var body = Body(SomeStation.ResidentId(new(1985, 3, 3)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => station.Client.Post("/v1/donors", body)));
        var made = Assert.Single(answers, a => a.Status == 201);
        Assert.All(answers.Where(a => a.Status != 201), a => Assert.Equal((409, "donor_exists", made.Id), (a.Status, a.Code, a["donorId"].GetGuid())));
    }

    [Fact]
    public async Task An_app_knows_only_whom_it_registered()
    {
        var (mine, other) = (service.As(Roles.App, Some.Id()), service.As(Roles.App, Some.Id()));
        var donor = await mine.Post("/v1/donors", Body(SomeStation.ResidentId(new(1992, 2, 2))));
        Assert.Equal(201, donor.Status);
        foreach (var path in new[] { "", "/eligibility", "/donations" })
        {
            Assert.Equal(200, (await mine.Get($"/v1/donors/{donor.Id}{path}")).Status);
            Assert.Equal(404, (await other.Get($"/v1/donors/{donor.Id}{path}")).Status);
        }
        Assert.Equal(404, (await other.Patch($"/v1/donors/{donor.Id}", new { phone = "13900000009" }, "*")).Status);
        Assert.Equal(403, (await mine.Get($"/v1/donors/{donor.Id}/deferrals")).Status);
        Assert.Equal(404, (await mine.Get($"/v1/donors/{Some.OldId()}")).Status);
        var fresh = await mine.Get($"/v1/donors/{Some.Id()}");
        Assert.Equal((409, "not_yet_visible"), (fresh.Status, fresh.Code));
    }

    [Fact]
    public async Task A_search_is_exact_in_the_body_and_audited()
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(new(1993, 3, 3));
        var donor = (await station.Client.Post("/v1/donors", Body(number, phone: "13977770001"))).Id;
        var other = new SomeStation(service).Client;
        foreach (var query in new object[] { new { document = new { kind = "resident-id", number = number.ToLowerInvariant() } }, new { phone = "+8613977770001" } })
            Assert.Equal(donor, Assert.Single((await other.Post("/v1/donors/search", query))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Empty((await other.Post("/v1/donors/search", new { phone = "13977770002" }))["items"].EnumerateArray());
        Assert.Equal("invalid_value", (await other.Post("/v1/donors/search", new { })).Code);
        Assert.Equal("document_invalid", (await other.Post("/v1/donors/search", new { document = new { kind = "resident-id", number = "1" } })).Code);
        Assert.Equal((403, "role_forbidden"), ((await service.As(Roles.App, Some.Id()).Post("/v1/donors/search", new { phone = "13977770001" })) is var app ? (app.Status, app.Code) : default));
        Assert.True(await station.Scalar<int>("select count(*) from donor.audit where action = 'donor.search' and detail::text like '%' || @donor || '%'", new { donor = donor.ToString() }) == 2);
    }

    [Fact]
    public async Task A_change_needs_its_version_and_is_announced_whole()
    {
        var station = new SomeStation(service);
        var donor = await station.Register();
        var path = $"/v1/donors/{donor.Id}";
        Assert.Equal(428, (await station.Client.Patch(path, new { phone = "13900000002" })).Status);
        Assert.Equal(412, (await station.Client.Patch(path, new { phone = "13900000002" }, "\"99\"")).Status);
        var changed = await station.Client.Patch(path, new { phone = "13955550002", bloodGroup = "AB-", consents = new[] { "registration", "honours-publication" } }, donor.Response.Headers.ETag!.Tag);
        Assert.Equal((200, "AB-"), (changed.Status, changed.Text("bloodGroup")));
        Assert.Equal(Mask.Number("13955550002"), changed.Text("phone"));
        var announced = Assert.Single(await service.Published<DonorChanged>(), e => e.DonorId == donor.Id);
        Assert.Equal(("AB-", 2), (announced.BloodGroup, announced.Consents.Length));
        Assert.Equal("consent_required", (await station.Client.Patch(path, new { consents = Array.Empty<string>() }, "*")).Code);
        var withdrawn = await station.Client.Patch(path, new { consents = new[] { "registration" } }, changed.Response.Headers.ETag!.Tag);
        Assert.Equal(JsonValueKind.String, withdrawn["consents"].EnumerateArray().Single(c => c.GetProperty("code").GetString() == "honours-publication").GetProperty("withdrawn").ValueKind);
        Assert.Equal(donor.Id, Assert.Single((await station.Client.Post("/v1/donors/search", new { phone = "13955550002" }))["items"].EnumerateArray()).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_membership_is_the_donors_decision_and_names_his_organisation_only_where_he_shares()
    {
        var station = new SomeStation(service);
        var donor = await station.Register();
        var organisation = Some.Id();
        await service.Deliver(new OrganisationRegistered { Key = organisation.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), OrganisationId = organisation, Name = "测试大学", Kind = "university", District = "440703", Path = [organisation], Status = "active" });
        var path = $"/v1/donors/{donor.Id}/memberships/{organisation}";
        Assert.Equal(428, (await station.Client.Put(path, new { shareParticipation = true })).Status);
        Assert.Equal(404, (await station.Client.Put($"/v1/donors/{donor.Id}/memberships/{Some.OldId()}", new { shareParticipation = true }, "*")).Status);
        Assert.Equal("invalid_value", (await station.Client.Put(path, new { shareParticipation = true, validFrom = "2026-02-01", validTo = "2026-01-01" }, "*")).Code);
        var put = await station.Client.Put(path, new { memberNumber = "20260001", shareParticipation = true }, donor.Response.Headers.ETag!.Tag);
        Assert.Equal((200, true), (put.Status, put["shareParticipation"].GetBoolean()));
        Assert.Equal(organisation, Assert.Single(Assert.Single(await service.Published<DonorChanged>(), e => e.DonorId == donor.Id).Memberships).OrganisationId);
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.outbox where payload::text like '%20260001%'"));

        var visit = await station.VisitAt("collected", donor.Id);
        Assert.Equal(organisation, (await service.Published<DonationCollected>()).Single(e => e.VisitId == visit).DonorOrganisationId);
    }

    [Fact]
    public async Task Rule_sets_are_announced_once_per_version()
    {
        await Eventually.That(async () => (await service.Published<RuleSetPublished>()).Count == 2);
        var (published, epidemic) = (await service.Published<RuleSetPublished>()) is [var first, var second] ? (first, second) : default;
        Assert.Equal(("cn-epidemic-2021", new DateOnly(2023, 1, 7), 6, 0), (epidemic!.Code, epidemic.ValidTo, epidemic.DonorsPerSlot, epidemic.Intervals.Length));
        Assert.Equal(("cn-gb18467-2011", "1", new DateOnly(2012, 7, 1), 4), (published!.Code, published.RuleSetVersion, published.ValidFrom, published.Intervals.Length));
        Assert.Contains(new DonationInterval("whole-blood", "whole-blood", 6, 0), published.Intervals);
        Assert.Equal(("base", "overlay", null), (published.Kind, epidemic.Kind, published.DonorsPerSlot));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            var starting = ActivatorUtilities.CreateInstance<BloodPlatform.Donors.Features.RuleSets.PublishRuleSets>(service.App.Services);
            await starting.StartAsync(CancellationToken.None);
            await starting.ExecuteTask!;
        }));
        Assert.Equal(2, (await service.Published<RuleSetPublished>()).Count);
        Assert.Equal("1, 2", await service.Database.Scalar<string>("select string_agg(position::text, ', ' order by position) from donor.rule_set"));
    }

    [Fact]
    public async Task The_questionnaire_speaks_the_callers_language()
    {
        var english = await new SomeStation(service).Client.Get("/v1/questionnaires/current");
        Assert.Equal(("cn-donor-health", "1"), (english.Text("code"), english.Text("version")));
        Assert.All(english["questions"].EnumerateArray(), q => Assert.True(q.GetProperty("defersOn").GetString() is "yes" or "no"));
        var chinese = service.As(Roles.App, Some.Id());
        chinese.DefaultRequestHeaders.AcceptLanguage.Clear();
        Assert.Contains("您", (await chinese.Get("/v1/questionnaires/current"))["questions"][0].GetProperty("text").GetString());
        Assert.DoesNotContain("您", english["questions"][0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task The_api_describes_itself()
    {
        var api = await service.Anonymous().Get("/openapi/donor.json");
        Assert.Equal(200, api.Status);
        Assert.True(api["paths"].TryGetProperty("/v1/visits/{id}/collection/start", out _));
    }
}
