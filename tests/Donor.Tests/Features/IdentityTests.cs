using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Donors.Tests.Features;

[Collection("years ahead")] // a sweep of years ahead takes every restricted person with it
public sealed class IdentityTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static int sequence = 1000;

    private static string Number(string head) => head + Interlocked.Increment(ref sequence).ToString("00000000", null);

    private static object Body(string kind, string number, bool? documentSeen = null, string phone = "13900000001", string name = "乙测试", string born = "1990-01-01", string sex = "male", string? bloodGroup = null) =>
        new { name, document = new { kind, number }, phone, sex, birthDate = born, bloodGroup, consents = new[] { "registration" }, documentSeen = documentSeen ?? false };

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private static string[] Numbers(Answer documents) => [.. documents["items"].EnumerateArray().Select(d => d.GetProperty("number").GetString()!)];

    [Fact]
    public async Task A_renewed_permit_is_the_same_donor_wherever_it_is_shown_and_every_number_is_kept()
    {
        var station = new SomeStation(service);
        var permit = Number("H");
        var donor = (await station.Client.Post("/v1/donors", Body("hk-macau-permit", permit + "00"))).Id;
        var again = await new SomeStation(service).Client.Post("/v1/donors", Body("hk-macau-permit", permit + "01", documentSeen: true)); // registered afresh with the renewed card
        Assert.Equal((409, "donor_exists", donor), (again.Status, again.Code, again["donorId"].GetGuid()));
        Assert.Equal(202, (await service.As(Roles.App, Some.Id()).Post("/v1/donors", Body("hk-macau-permit", permit + "02"))).Status); // what an app says of a stranger is not kept
        var visit = await station.Registrar.Post("/v1/visits", new { donorId = donor, collectionPoint = "中心血站", identityCheck = new { kind = "hk-macau-permit", method = "chip", outcome = "match", number = permit + "03" } });
        Assert.Equal(201, visit.Status);
        Assert.Equal(donor, Assert.Single((await station.Client.Post("/v1/donors/search", new { document = new { kind = "hk-macau-permit", number = permit } }))["items"].EnumerateArray()).GetProperty("id").GetGuid());

        var documents = await station.Client.Get($"/v1/donors/{donor}/documents");
        Assert.Equal([Mask.Number(permit + "00"), Mask.Number(permit + "01"), Mask.Number(permit + "03")], Numbers(documents));
        Assert.Equal([true, false, false], documents["items"].EnumerateArray().Select(d => d.GetProperty("renews").ValueKind == JsonValueKind.Null));
        Assert.Equal([false, true, true], documents["items"].EnumerateArray().Select(d => d.GetProperty("seenAt").ValueKind == JsonValueKind.String));
        Assert.Equal(Mask.Number(permit + "03"), (await station.Client.Get($"/v1/donors/{donor}"))["document"].GetProperty("number").GetString());
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.document where document::text like '%' || @permit || '%'", new { permit }));
    }

    [Fact]
    public async Task A_donor_has_several_documents_and_none_is_two_donors()
    {
        var station = new SomeStation(service);
        var (donor, other) = ((await station.Register()).Id, (await station.Client.Post("/v1/donors", Body("passport", Number("E")))).Id);
        var (passport, permit) = (Number("P"), Number("M"));
        var added = await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = passport.ToLowerInvariant(), seen = true }, Some.Key());
        Assert.Equal((201, "passport", Mask.Number(passport)), (added.Status, added.Text("kind"), added.Text("number")));
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = passport })).Status); // known already
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "hk-macau-permit", number = permit })).Status);
        foreach (var (kind, number) in new[] { ("passport", passport), ("hk-macau-permit", permit + "07") })
        {
            Assert.Equal(donor, Assert.Single((await station.Client.Post("/v1/donors/search", new { document = new { kind, number } }))["items"].EnumerateArray()).GetProperty("id").GetGuid());
            var taken = await station.Client.Post($"/v1/donors/{other}/documents", new { kind, number });
            Assert.Equal((409, "document_of_another_donor", donor), (taken.Status, taken.Code, taken["donorId"].GetGuid()));
            Assert.Equal((409, "donor_exists"), Code(await station.Client.Post("/v1/donors", Body(kind, number))));
        }
        // Shown at the table: his own, another's, nobody's, one that can't be.
        Task<Answer> Visit(string number, string kind = "passport") => station.Registrar.Post("/v1/visits", new { donorId = other, collectionPoint = "中心血站", identityCheck = new { kind, method = "manual", outcome = "match", number } });
        Assert.Equal((409, "document_of_another_donor"), Code(await Visit(passport)));
        Assert.Equal((409, "document_unknown"), Code(await Visit(Number("X"))));
        Assert.Equal((422, "document_invalid"), Code(await Visit("12", "taiwan-permit")));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit where donor_id = @other", new { other }));
    }

    [Theory]
    [InlineData("""{"kind":"driving-licence","number":"E1234567"}""", 422, "invalid_value", "/kind")]
    [InlineData("""{"kind":"","number":"E1234567"}""", 422, "invalid_value", "/kind")]
    [InlineData("""{"kind":null,"number":"E1234567"}""", 400, "malformed_request", null)]
    [InlineData("""{"number":"E1234567"}""", 400, "malformed_request", null)]
    [InlineData("""{"kind":7,"number":"E1234567"}""", 400, "malformed_request", null)]
    [InlineData("""{"kind":"passport","number":""}""", 422, "invalid_value", "/number")]
    [InlineData("""{"kind":"passport","number":"E12345678901234567890123456789012345678901"}""", 422, "invalid_value", "/number")]
    [InlineData("""{"kind":"passport","number":"E12'; drop"}""", 422, "document_invalid", "/number")]
    [InlineData("""{"kind":"resident-id","number":"440703199001010000"}""", 422, "document_invalid", "/number")]
    [InlineData("""{"kind":"taiwan-permit","number":"123456789"}""", 422, "document_invalid", "/number")]
    [InlineData("""{"kind":"passport","number":null}""", 400, "malformed_request", null)]
    [InlineData("""{"kind":"passport"}""", 400, "malformed_request", null)]
    [InlineData("""{"kind":"passport","number":12345678}""", 400, "malformed_request", null)]
    [InlineData("""{"kind":"passport","number":"E1234567","seen":"perhaps"}""", 400, "malformed_request", null)]
    [InlineData("""{"kind":"passport","number":"E1234567","seen":null}""", 400, "malformed_request", null)]
    [InlineData("[]", 400, "malformed_request", null)]
    [InlineData("", 400, "malformed_request", null)]
    public async Task A_document_with_a_wrong_field_is_refused_by_name_and_not_kept(string body, int status, string code, string? pointer)
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var before = await station.Scalar<long>("select (select count(*) from donor.document where donor_id = @donor) + (select count(*) from donor.outbox where key = @key)", new { donor, key = donor.ToString() });
        var answer = await station.Client.PostRaw($"/v1/donors/{donor}/documents", body);
        Assert.Equal((status, code), Code(answer));
        if (pointer is not null) Assert.Contains(pointer, answer["errors"].EnumerateArray().Select(e => e.GetProperty("pointer").GetString()));
        Assert.Equal(before, await station.Scalar<long>("select (select count(*) from donor.document where donor_id = @donor) + (select count(*) from donor.outbox where key = @key)", new { donor, key = donor.ToString() }));
    }

    [Fact]
    public async Task A_document_that_contradicts_what_is_known_is_refused()
    {
        var station = new SomeStation(service);
        var donor = (await station.Client.Post("/v1/donors", Body("passport", Number("E"), born: "1990-05-05"))).Id;
        var cases = new (string Kind, string Number, string Code)[] { ("resident-id", SomeStation.ResidentId(new(1990, 5, 6)), "identity_contradiction"), ("resident-id", SomeStation.ResidentId(new(1990, 5, 5), male: false), "identity_contradiction"), ("resident-id", "1", "document_invalid"), ("library-card", "12345678", "invalid_value") };
        foreach (var (kind, number, code) in cases) Assert.Equal((422, code), Code(await station.Client.Post($"/v1/donors/{donor}/documents", new { kind, number })));
        Assert.Single((await station.Client.Get($"/v1/donors/{donor}/documents"))["items"].EnumerateArray());
        Assert.Equal(404, (await station.Client.Post($"/v1/donors/{Some.OldId()}/documents", new { kind = "passport", number = "E1234567" })).Status);
        Assert.Equal((403, "role_forbidden"), Code(await service.As(Roles.App, Some.Id()).Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = "E1234567" })));
        Assert.Equal((403, "role_forbidden"), Code(await service.As(Roles.App, Some.Id()).Get($"/v1/donors/{donor}/documents")));
    }

    [Fact]
    public async Task However_a_passport_is_typed_it_is_the_same_donor_and_so_are_those_of_before_when_the_service_starts()
    {
        var station = new SomeStation(service);
        var vault = service.App.Services.GetRequiredService<Vault>();
        var passport = Number("E");
        string[] spellings = [passport, "e-" + passport[1..], "Ｅ" + string.Concat(passport[1..].Select(c => (char)(c + 0xFEE0)))];
        var donor = (await station.Client.Post("/v1/donors", Body("passport", spellings[2]))).Id;
        async Task Found()
        {
            foreach (var number in spellings)
            {
                Assert.Equal((409, "donor_exists"), Code(await station.Client.Post("/v1/donors", Body("passport", number))));
                Assert.Equal(donor, Assert.Single((await station.Client.Post("/v1/donors/search", new { document = new { kind = "passport", number } }))["items"].EnumerateArray()).GetProperty("id").GetGuid());
            }
        }
        await Found();
        Assert.Equal((422, "document_invalid"), Code(await station.Client.Post("/v1/donors", Body("passport", "护照" + passport))));

        // As a release before has written them: hashed as typed.
        async Task Old(Guid donorId, string typed)
        {
            var key = vault.Unwrap(donorId, await service.Database.Scalar<byte[]>("select wrapped_key from donor.subject_key where subject_id = @donorId", new { donorId }));
            await service.Database.Execute("""
                update donor.document set number = @number, identity_index = @index, normalised = false where donor_id = @donorId;
                update donor.donor set document_number = @number, document_index = @index where id = @donorId
                """, new { donorId, number = key.Seal("document_number", typed), index = vault.BlindIndex("document/passport", typed) });
        }
        async Task Start()
        {
            using var filling = ActivatorUtilities.CreateInstance<BloodPlatform.Donors.Features.Donors.IndexDonors>(service.App.Services);
            await filling.StartAsync(CancellationToken.None);
            await filling.ExecuteTask!;
        }
        await Old(donor, "E-" + passport[1..]);
        var second = (await station.Client.Post("/v1/donors", Body("passport", passport))).Id; // evaded
        Assert.NotEqual(donor, second);
        await Start(); // two donors have it: nothing is overwritten, and it is said
        Assert.Equal(1, await station.Scalar<long>("select count(*) from donor.audit where action = 'document.same' and resource = @what", new { what = $"donors/{donor}" }));
        await Old(second, Number("Z"));
        await Old(donor, "E-" + passport[1..]);
        await Start();
        await Found();
        Assert.Equal(0, await station.Scalar<long>("select count(*) from donor.document where not normalised"));
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = passport })).Status); // no card of its own

        // What a restricted donor left is met by whichever spelling.
        await Old(second, "Q-" + passport[1..]);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{second}/deferrals", new { code = "P07", from = "2026-01-01" })).Status);
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{second}/erasure", new { })).Status);
        await Start();
        var again = await station.Client.Post("/v1/donors", Body("passport", "Q" + passport[1..]));
        Assert.Equal(201, again.Status);
        Assert.Equal(["P07"], SomeStation.Rules(await station.Eligibility(again.Id)));
    }

    [Fact]
    public async Task Eight_donors_given_one_passport_at_once_one_has_it()
    {
        var station = new SomeStation(service);
        var passport = Number("Q");
        var donors = new List<Guid>();
        for (var i = 0; i < 8; i++) donors.Add(await station.Donor());
        var answers = await Task.WhenAll(donors.Select(d => station.Client.Post($"/v1/donors/{d}/documents", new { kind = "passport", number = passport })));
        Assert.Single(answers, a => a.Status == 201);
        Assert.All(answers.Where(a => a.Status != 201), a => Assert.Equal((409, "document_of_another_donor"), Code(a)));
    }

    [Fact]
    public async Task Identity_is_declared_then_reached_then_seen_and_never_less_sure_but_for_a_new_telephone()
    {
        var (station, tenant) = (new SomeStation(service), Some.Id());
        var app = service.As(Roles.App, tenant);
        var donor = (await app.Post("/v1/donors", Body("passport", Number("E"), phone: "13911110001"))).Id;
        async Task<string> Assurance() => (await app.Get($"/v1/donors/{donor}")).Text("identityAssurance")!;
        Assert.Equal("declared", await Assurance());
        Assert.Equal((422, "phone_mismatch"), Code(await app.Post($"/v1/donors/{donor}/phone-verified", new { phone = "13911110002" })));
        Assert.Equal(404, (await service.As(Roles.App, Some.Id()).Post($"/v1/donors/{donor}/phone-verified", new { phone = "13911110001" })).Status);
        Assert.Equal("phone", (await app.Post($"/v1/donors/{donor}/phone-verified", new { phone = "+86 139 1111 0001" })).Text("identityAssurance"));
        Assert.Equal("phone", await Assurance());
        await app.Patch($"/v1/donors/{donor}", new { phone = "13911110003" }, "*");
        Assert.Equal("declared", await Assurance());
        Assert.Equal("phone", (await station.Client.Post($"/v1/donors/{donor}/phone-verified", new { phone = "13911110003" })).Text("identityAssurance"));
        Assert.Equal("deferred", (await station.Open(donor, outcome: "mismatch")).Text("status"));
        Assert.Equal("phone", await Assurance());
        Assert.Equal(201, (await station.Open(donor)).Status);
        Assert.Equal("document-seen", await Assurance());
        await app.Patch($"/v1/donors/{donor}", new { phone = "13911110004" }, "*");
        Assert.Equal("document-seen", await Assurance());
        Assert.Equal("document-seen", (await app.Post($"/v1/donors/{donor}/phone-verified", new { phone = "13911110004" })).Text("identityAssurance"));

        Assert.Equal("document-seen", (await station.Client.Post("/v1/donors", Body("passport", Number("E"), documentSeen: true))).Text("identityAssurance"));
        Assert.Equal("declared", (await station.Client.Post("/v1/donors", Body("passport", Number("E")))).Text("identityAssurance"));
        Assert.Equal((422, "invalid_value"), Code(await app.Post("/v1/donors", Body("passport", Number("E"), documentSeen: true))));
    }

    [Fact]
    public async Task A_match_with_a_document_that_is_not_on_record_opens_no_visit_and_makes_nobody_surer()
    {
        var station = new SomeStation(service);
        var permit = Number("H");
        var donor = (await service.As(Roles.App, Some.Id()).Post("/v1/donors", Body("hk-macau-permit", permit))).Id;
        foreach (var kind in new[] { "passport", "resident-id", "taiwan-permit" })
        {
            var refused = await station.Open(donor, kind: kind);
            Assert.Equal((409, "document_unknown"), Code(refused));
            Assert.Equal("/identityCheck/kind", refused["errors"][0].GetProperty("pointer").GetString());
        }
        Assert.Equal("declared", (await station.Client.Get($"/v1/donors/{donor}")).Text("identityAssurance"));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit where donor_id = @donor", new { donor }));
        Assert.Equal("deferred", (await station.Open(donor, outcome: "mismatch", kind: "passport")).Text("status")); // who is not who the document says needs none on record

        var opened = await station.Open(donor, kind: "hk-macau-permit");
        Assert.Equal((201, "checked-in"), (opened.Status, opened.Text("status")));
        Assert.Equal("document-seen", (await station.Client.Get($"/v1/donors/{donor}")).Text("identityAssurance"));
        Assert.Equal(JsonValueKind.String, Assert.Single((await station.Client.Get($"/v1/donors/{donor}/documents"))["items"].EnumerateArray()).GetProperty("seenAt").ValueKind);
    }

    [Fact]
    public async Task Of_two_passports_without_a_number_only_the_newer_one_counts_as_seen_and_another_registrations_document_records_under_it()
    {
        var station = new SomeStation(service);
        var donor = (await station.Client.Post("/v1/donors", Body("passport", Number("E")))).Id;
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = Number("E") })).Status);
        Assert.Equal("deferred", (await station.Open(donor, outcome: "mismatch")).Text("status"));
        var first = await station.Open(donor);
        Assert.Equal(201, first.Status);
        Assert.Equal([false, true], (await station.Client.Get($"/v1/donors/{donor}/documents"))["items"].EnumerateArray().Select(d => d.GetProperty("seenAt").ValueKind == JsonValueKind.String));
        Assert.Equal(200, (await station.Registrar.Post($"/v1/visits/{first.Id}/consent", new { accepted = false })).Status);

        var other = (await station.Client.Post("/v1/donors", Body("taiwan-permit", Number("")))).Id;
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = donor, absorbed = other, reason = "重复登记" })).Status);
        var opened = await station.Open(donor, kind: "taiwan-permit");
        Assert.Equal(201, opened.Status);
        Assert.Equal(other, await station.Scalar<Guid>("select donor_id from donor.visit where id = @Id", new { opened.Id }));
        Assert.Equal("document-seen", await station.Scalar<string>("select identity_assurance from donor.donor where id = @other", new { other }));
    }

    [Fact]
    public async Task Nothing_is_collected_from_whose_document_nobody_saw()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("cleared", donor);
        await service.Database.Execute("update donor.donor set identity_assurance = 'phone' where id = @donor", new { donor }); // as after an undone merge whose other half showed the document
        var din = (await station.Dins())[0];
        Assert.Equal((409, "document_not_seen"), Code(await station.Start(visit, din)));
        Assert.Equal("cleared", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = Number("E"), seen = true })).Status);
        Assert.Equal("collecting", (await station.Start(visit, din)).Text("status"));
    }

    [Fact]
    public async Task Duplicates_are_found_by_what_they_share_scored_and_shown_masked()
    {
        var station = new SomeStation(service);
        var phone = "137" + Number("");
        async Task<Guid> Register(string name, string phone, string born, string sex = "male", string? bloodGroup = null) => (await station.Client.Post("/v1/donors", Body("passport", Number("E"), phone: phone, name: name, born: born, sex: sex, bloodGroup: bloodGroup))).Id;
        var donor = await Register("丙　重复Ａ", phone, "1985-08-08", bloodGroup: "O+");
        var all = await Register("丙重复a", "+86 " + phone, "1985-08-08");
        var byPhone = await Register("丁重复", phone, "1985-08-08");
        var twin = await Register("戊重复", phone, "1985-08-08", "female");
        var byName = await Register("丙·重复A", "137" + Number(""), "1985-08-08", bloodGroup: "A+");
        await Register("丙重复A", phone, "1985-08-09"); // born on another day
        async Task<string[]> Found(string query) => [.. (await station.Client.Get($"/v1/donor-duplicates?donorId={donor}{query}"))["items"].EnumerateArray().Select(i =>
            $"{Name(i.GetProperty("first"), i.GetProperty("second"))} {i.GetProperty("score").GetInt32()} {string.Join('+', i.GetProperty("why").EnumerateArray())} {string.Join('+', i.GetProperty("against").EnumerateArray())}".TrimEnd()).Order(StringComparer.Ordinal)];
        string Name(JsonElement first, JsonElement second)
        {
            var id = new[] { first, second }.Select(d => d.GetProperty("id").GetGuid()).Single(i => i != donor);
            return id == all ? "all" : id == byPhone ? "phone" : id == twin ? "twin" : id == byName ? "name" : id.ToString();
        }
        Assert.Equal(["all 95 phone-and-birth-date+name-and-birth-date", "phone 60 phone-and-birth-date"], await Found(""));
        Assert.Equal(["all 95 phone-and-birth-date+name-and-birth-date", "name 20 name-and-birth-date blood-group-differs", "phone 60 phone-and-birth-date", "twin 20 phone-and-birth-date sex-differs"], await Found("&minScore=0"));
        Assert.Equal(["all 95 phone-and-birth-date+name-and-birth-date"], await Found("&minScore=61"));
        var page = await station.Client.Get($"/v1/donor-duplicates?donorId={donor}&limit=1");
        var next = await station.Client.Get($"/v1/donor-duplicates?donorId={donor}&limit=1&cursor={page.Text("next")}");
        Assert.NotEqual(page["items"][0].ToString(), next["items"][0].ToString());
        Assert.Equal(JsonValueKind.Null, next["next"].ValueKind);
        Assert.DoesNotContain(phone, page.Body.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("重复", page.Body.ToString(), StringComparison.Ordinal);
        Assert.Equal((422, "invalid_value"), Code(await station.Client.Get("/v1/donor-duplicates?cursor=x")));
        Assert.Equal((403, "role_forbidden"), Code(await service.As(Roles.App, Some.Id()).Get("/v1/donor-duplicates")));

        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = donor, absorbed = all, reason = "重复登记" })).Status);
        Assert.Equal(["phone 60 phone-and-birth-date"], await Found("")); // who was merged is no candidate any more
        await station.Client.Patch($"/v1/donors/{byPhone}", new { phone = "137" + Number("") }, "*");
        Assert.Empty(await Found(""));
    }

    [Fact]
    public async Task Donors_of_before_this_release_are_indexed_by_the_service_when_it_starts()
    {
        var station = new SomeStation(service);
        var phone = "136" + Number("");
        var first = (await station.Client.Post("/v1/donors", Body("passport", Number("E"), phone: phone))).Id;
        await service.Database.Execute("update donor.donor set phone_birth_index = null, name_birth_index = null where id = @first", new { first });
        var second = (await station.Client.Post("/v1/donors", Body("passport", Number("E"), phone: phone))).Id;
        Assert.DoesNotContain((await station.Client.Get($"/v1/donor-duplicates?donorId={second}&minScore=90"))["items"].EnumerateArray(), i => i.GetProperty("first").GetProperty("id").GetGuid() == first);
        using var filling = Microsoft.Extensions.DependencyInjection.ActivatorUtilities.CreateInstance<BloodPlatform.Donors.Features.Donors.IndexDonors>(service.App.Services);
        await filling.StartAsync(CancellationToken.None);
        await filling.ExecuteTask!;
        Assert.Single((await station.Client.Get($"/v1/donor-duplicates?donorId={second}&minScore=90"))["items"].EnumerateArray(), i => i.GetProperty("first").GetProperty("id").GetGuid() == first);
    }
}
