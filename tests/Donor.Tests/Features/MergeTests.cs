using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class MergeTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static Task<Answer> Merge(SomeStation station, Guid survivor, Guid absorbed, string reason = "同一人，护照与身份证") => station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason });

    private static async Task<Guid> Merged(SomeStation station, Guid survivor, Guid absorbed)
    {
        var merge = await Merge(station, survivor, absorbed);
        Assert.True(merge.Status == 201, merge.ToString());
        return merge.Id;
    }

    private static Task<Answer> Undo(SomeStation station, Guid merge) => station.Registrar.Post($"/v1/donor-merges/{merge}/undo", new { reason = "误合并" });

    private async Task<Guid> Passport(SomeStation station, string? phone = null, string bloodGroup = "O+", string birthDate = "1990-01-01", string sex = "male") => (await service.As(Roles.App, station.Id).Post("/v1/donors", new
    {
        name = "甲测试", document = new { kind = "passport", number = "P" + Some.Id().ToString("N")[^12..] }, phone = phone ?? "13900000001", sex, birthDate, bloodGroup, consents = new[] { "registration", "contact" },
    })).Id;

    [Fact]
    public async Task Two_registrations_become_one_person_and_nothing_is_lost_when_it_is_undone()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await station.Donor(), await Passport(station));
        var visit = await station.VisitAt("collected", absorbed);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{absorbed}/deferrals", new { code = "P07", from = "2026-01-01" })).Status);
        Assert.True((await station.Eligibility(survivor))["eligible"].GetBoolean());
        var before = (await station.Client.Get($"/v1/donors/{survivor}")).Body.ToString();

        var preview = await station.Registrar.Post("/v1/donor-merges/preview", new { survivor, absorbed });
        Assert.Equal((200, true, JsonValueKind.Null), (preview.Status, preview["possible"].GetBoolean(), preview["obstacle"].ValueKind));
        Assert.Equal((din, 1, 1), (Assert.Single(preview["brings"].GetProperty("dins").EnumerateArray()).GetString(), preview["brings"].GetProperty("deferrals").GetInt32(), preview["brings"].GetProperty("documents").GetInt32()));
        Assert.All(preview["eligibleFrom"].EnumerateArray(), e => Assert.Equal(JsonValueKind.Null, e.GetProperty("together").ValueKind));
        Assert.Equal(before, (await station.Client.Get($"/v1/donors/{survivor}")).Body.ToString()); // nothing of it was done

        var merge = await Merge(station, survivor, absorbed);
        Assert.Equal((201, "merged", $"/v1/donor-merges/{merge.Id}"), (merge.Status, merge.Text("status"), merge.Response.Headers.Location!.ToString()));
        Assert.Equal(merge.Body.ToString(), (await station.Client.Get($"/v1/donor-merges/{merge.Id}")).Body.ToString());
        foreach (var id in new[] { survivor, absorbed })
        {
            Assert.False((await station.Eligibility(id))["eligible"].GetBoolean());
            Assert.Equal(["INTERVAL_WB_WB", "P07"], SomeStation.Rules(await station.Eligibility(id)).Order());
            Assert.Equal(din, Assert.Single((await station.Client.Get($"/v1/donors/{id}/donations")).Body.EnumerateArray()).GetProperty("din").GetString());
            Assert.Single((await station.Client.Get($"/v1/donors/{id}/deferrals"))["items"].EnumerateArray());
            Assert.Equal(2, (await station.Client.Get($"/v1/donors/{id}/documents"))["items"].GetArrayLength());
        }
        var old = await station.Client.Get($"/v1/donors/{absorbed}");
        Assert.Equal(("merged", survivor, "passport"), (old.Text("status"), old["mergedInto"].GetGuid(), old["document"].GetProperty("kind").GetString()));
        Assert.Equal(("active", "O+", JsonValueKind.Null), (await station.Client.Get($"/v1/donors/{survivor}")) is var s ? (s.Text("status"), s.Text("bloodGroup"), s["mergedInto"].ValueKind) : default);

        var said = Assert.Single(await service.Published<DonorsMerged>(), e => e.MergeId == merge.Id);
        Assert.Equal((survivor.ToString(), survivor, absorbed, din, absorbed), (said.Key, said.Survivor, said.Absorbed, Assert.Single(said.Dins), Assert.Single(said.Donors).DonorId));
        Assert.Equal("merged", (await service.Published<DonorChanged>()).Last(e => e.DonorId == absorbed).Status);
        Assert.All((await service.Published<DonorEligibilityChanged>()).Last(e => e.DonorId == survivor).Procedures, p => Assert.DoesNotContain(p.Windows, w => w.To is null || w.To > new DateOnly(2026, 2, 1)));

        var undone = await Undo(station, merge.Id);
        Assert.Equal((200, "undone"), (undone.Status, undone.Text("status")));
        Assert.Equal(before, (await station.Client.Get($"/v1/donors/{survivor}")).Body.ToString());
        Assert.True((await station.Eligibility(survivor))["eligible"].GetBoolean());
        Assert.Empty((await station.Client.Get($"/v1/donors/{survivor}/donations")).Body.EnumerateArray());
        Assert.Equal("active", (await station.Client.Get($"/v1/donors/{absorbed}")).Text("status"));
        Assert.Equal(["INTERVAL_WB_WB", "P07"], SomeStation.Rules(await station.Eligibility(absorbed)).Order());
        var unsaid = Assert.Single(await service.Published<DonorsUnmerged>(), e => e.MergeId == merge.Id);
        Assert.Equal((absorbed, din), (Assert.Single(unsaid.Donors).DonorId, Assert.Single(unsaid.Dins)));
        Assert.True(unsaid.Donors[0].Version > said.Donors[0].Version);
        Assert.Equal("merge_undone", (await Undo(station, merge.Id)).Code);
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.outbox where payload::text like '%P07%' or payload::text like '%同一人%' or payload::text like '%误合并%'"));
    }

    [Fact]
    public async Task A_search_finds_everybody_of_a_telephone_as_the_persons_they_are()
    {
        var station = new SomeStation(service);
        var phone = $"137{Some.Id().GetHashCode() & 0x7FFFFFF:00000000}"[..11];
        var (mother, son, sonAgain) = (await Passport(station, phone, "A+"), await Passport(station, phone, "O+"), await Passport(station, bloodGroup: "O+"));
        Assert.Equal(200, (await station.Client.Put($"/v1/donors/{sonAgain}/memberships/{await station.Organisation()}", new { shareParticipation = true }, "*")).Status);
        await Merged(station, son, sonAgain);
        var found = (await station.Client.Post("/v1/donors/search", new { phone }))["items"].EnumerateArray().ToDictionary(d => d.GetProperty("id").GetGuid(), d => d.ToString());
        Assert.Equal(new[] { mother, son }.Order(), found.Keys.Order());
        foreach (var id in new[] { mother, son }) Assert.Equal((await station.Client.Get($"/v1/donors/{id}")).Body.ToString(), found[id]);
        Assert.Single(JsonDocument.Parse(found[son]).RootElement.GetProperty("memberships").EnumerateArray());
    }

    [Fact]
    public async Task What_is_recorded_between_belongs_to_whose_id_or_document_it_was_recorded_under()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await station.Donor(), await Passport(station));
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{absorbed}/documents", new { kind = "hk-macau-permit", number = "H73000001", seen = true })).Status);
        var merge = await Merged(station, survivor, absorbed);

        // The visit is opened for the survivor, and the absorbed one's permit is shown, renewed meanwhile.
        var opened = await station.Registrar.Post("/v1/visits", new { donorId = survivor, collectionPoint = "中心血站", identityCheck = new { kind = "hk-macau-permit", method = "chip", outcome = "match", number = "H7300000101" } });
        Assert.Equal((201, survivor), (opened.Status, opened["donorId"].GetGuid()));
        Assert.Equal((409, "visit_open"), (await station.Open(absorbed)) is var twice ? (twice.Status, twice.Code) : default);
        Assert.Equal((409, "visit_open"), (await station.Open(survivor)) is var again ? (again.Status, again.Code) : default);
        Assert.Equal(absorbed, (await service.Published<VisitOpened>()).Single(e => e.VisitId == opened.Id).DonorId);
        Assert.Equal(200, (await station.Registrar.Post($"/v1/visits/{opened.Id}/consent", new { accepted = false })).Status);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{absorbed}/deferrals", new { code = "T14", from = "2026-06-01" })).Status);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{survivor}/deferrals", new { code = "T04", from = "2026-06-02" })).Status);
        await service.Deliver(new DonorDeferralRequired { Key = "A999926999999", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, RequirementId = Some.Id(), DonorId = absorbed, Din = "A999926999999", DeferralCode = "P01", Certainty = "provisional" });
        Assert.Equal(3, (await station.Client.Get($"/v1/donors/{survivor}/deferrals"))["items"].GetArrayLength());
        Assert.False((await station.Eligibility(survivor))["eligible"].GetBoolean());

        Assert.Equal(200, (await Undo(station, merge)).Status);
        Assert.Equal("T04", Assert.Single((await station.Client.Get($"/v1/donors/{survivor}/deferrals"))["items"].EnumerateArray()).GetProperty("code").GetString());
        Assert.Equal(["P01", "T14"], (await station.Client.Get($"/v1/donors/{absorbed}/deferrals"))["items"].EnumerateArray().Select(d => d.GetProperty("code").GetString()!).Order());
        Assert.Equal(absorbed, (await station.Client.Get($"/v1/visits/{opened.Id}"))["donorId"].GetGuid());
        Assert.Equal(3, (await station.Client.Get($"/v1/donors/{absorbed}/documents"))["items"].GetArrayLength()); // passport, permit, the permit's renewal
    }

    [Fact]
    public async Task Late_information_of_the_person_withdraws_what_he_gave_under_either_id_each_in_its_own_order()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await station.Donor(), await Passport(station));
        await station.VisitAt("collected", survivor);
        await station.VisitAt("collected", absorbed);
        await Merged(station, survivor, absorbed);
        var told = await station.Client.Post($"/v1/donors/{survivor}/late-information", new { note = "发热" });
        Assert.Equal((200, 2), (told.Status, told["dins"].GetArrayLength()));
        var withdrawn = (await service.Published<DonationWithdrawn>()).Where(e => e.DonorId == survivor || e.DonorId == absorbed).ToList();
        Assert.Equal(new[] { survivor, absorbed }.Order(), withdrawn.Select(e => e.DonorId).Order());
        Assert.All(withdrawn, e => Assert.Equal(e.DonorId.ToString(), e.Key)); // Inventory asks for the seal of the id that the donation bears
        foreach (var id in new[] { survivor, absorbed })
            Assert.Equal(0, await station.Scalar<int>("select count(*) from (select version, lag(version) over (order by position) as before from donor.outbox where key = @key) v where before >= version", new { key = id.ToString() }));
    }

    [Fact]
    public async Task A_chain_is_one_person_and_each_link_can_be_undone()
    {
        var station = new SomeStation(service);
        Guid a = await Passport(station), b = await Passport(station), c = await station.Donor();
        await station.Client.Post($"/v1/donors/{a}/deferrals", new { code = "P07", from = "2026-01-01" });
        var first = await Merged(station, b, a);
        var second = await Merged(station, c, b);
        Assert.Equal([a, b], (await service.Published<DonorsMerged>()).Single(e => e.MergeId == second).Donors.Select(d => d.DonorId).Order());
        Assert.Equal((409, "donor_merged"), (await Merge(station, a, c)) is var circle ? (circle.Status, circle.Code) : default);
        foreach (var id in new[] { a, b, c }) Assert.False((await station.Eligibility(id))["eligible"].GetBoolean());
        foreach (var id in new[] { a, b }) Assert.Equal(c, (await station.Client.Get($"/v1/donors/{id}"))["mergedInto"].GetGuid());

        Assert.Equal(200, (await Undo(station, first)).Status); // the lower link first
        Assert.True((await station.Eligibility(c))["eligible"].GetBoolean());
        Assert.False((await station.Eligibility(a))["eligible"].GetBoolean());
        Assert.Equal(("merged", c), (await station.Client.Get($"/v1/donors/{b}")) is var still ? (still.Text("status"), still["mergedInto"].GetGuid()) : default);

        Assert.Equal("donor_merged", (await Merge(station, b, a)).Code); // into whom he stands for himself, not into one of his parts
        await Merged(station, c, a);
        Assert.False((await station.Eligibility(c))["eligible"].GetBoolean());
    }

    [Fact]
    public async Task The_upper_link_undone_takes_along_who_hangs_on_it()
    {
        var station = new SomeStation(service);
        Guid a = await Passport(station), b = await Passport(station), c = await station.Donor();
        await Merged(station, b, a);
        var second = await Merged(station, c, b);
        await station.Client.Post($"/v1/donors/{a}/deferrals", new { code = "P07", from = "2026-01-01" });
        Assert.Equal(200, (await Undo(station, second)).Status);
        Assert.True((await station.Eligibility(c))["eligible"].GetBoolean());
        Assert.False((await station.Eligibility(b))["eligible"].GetBoolean());
        Assert.Equal(b, (await station.Client.Get($"/v1/donors/{a}"))["mergedInto"].GetGuid());
        Assert.Equal([a, b], (await service.Published<DonorsUnmerged>()).Single(e => e.MergeId == second).Donors.Select(d => d.DonorId).Order());
    }

    [Fact]
    public async Task Of_merges_at_once_into_each_other_exactly_one_happens()
    {
        var station = new SomeStation(service);
        var (a, b) = (await station.Donor(), await Passport(station));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => i % 2 == 0 ? Merge(station, a, b) : Merge(station, b, a)));
        Assert.Single(answers, x => x.Status == 201);
        Assert.All(answers.Where(x => x.Status != 201), x => Assert.Equal((409, "donor_merged"), (x.Status, x.Code)));
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.merge where survivor_id in (@a, @b)", new { a, b }));
    }

    [Fact]
    public async Task Five_registrations_merged_at_once_in_all_directions_never_make_a_circle()
    {
        var station = new SomeStation(service);
        var ids = new List<Guid> { await station.Donor() };
        for (var i = 0; i < 4; i++) ids.Add(await Passport(station));
        var pairs = ids.SelectMany(s => ids.Where(t => t != s).Select(t => (s, t)));
        var answers = await Task.WhenAll(pairs.Select(p => Merge(station, p.s, p.t)));
        Assert.All(answers, x => Assert.True(x.Status is 201 || x.Code == "donor_merged", x.ToString()));
        var made = answers.Count(x => x.Status == 201);
        Assert.InRange(made, 1, 4);
        Assert.Equal((made, 5 - made), (await station.Scalar<int>("select count(*) from donor.donor where id = any(@ids) and status = 'merged'", new { ids = ids.ToArray() }), await station.Scalar<int>("select count(*) from donor.donor where id = any(@ids) and status = 'active'", new { ids = ids.ToArray() })));
        // Whoever everybody's chain leads to stands for himself.
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.donor_person p join donor.donor d on d.id = p.person_id where p.donor_id = any(@ids) and d.merged_into is not null", new { ids = ids.ToArray() }));
    }

    [Fact]
    public async Task Facts_recorded_while_the_donor_is_merged_meet_the_person_and_are_all_there()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await station.Donor(), await Passport(station));
        var deferrals = Enumerable.Range(0, 12).Select(i => station.Client.Post($"/v1/donors/{(i % 2 == 0 ? survivor : absorbed)}/deferrals", new { code = "T01", from = "2026-01-01" }));
        var answers = await Task.WhenAll([.. deferrals, Merge(station, survivor, absorbed)]);
        Assert.All(answers, a => Assert.Equal(201, a.Status));
        Assert.Equal(12, (await station.Client.Get($"/v1/donors/{survivor}/deferrals"))["items"].GetArrayLength());
        foreach (var id in new[] { survivor, absorbed })
            Assert.Equal(0, await station.Scalar<int>("select count(*) from (select version, lag(version) over (order by position) as before from donor.outbox where key = @key) v where before >= version", new { key = id.ToString() }));
    }

    [Fact]
    public async Task A_merge_that_makes_no_sense_is_refused_and_changes_nothing()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await station.Donor(), await Passport(station));
        var (younger, woman) = (await Passport(station, birthDate: "1990-01-02"), await Passport(station, sex: "female"));
        var visiting = await Passport(station);
        await station.VisitAt("consented", visiting);
        var cases = new (Guid Survivor, Guid Absorbed, string Reason, int Status, string Code)[]
        {
            (survivor, survivor, "重复", 422, "invalid_value"), (survivor, absorbed, "", 422, "invalid_value"), (survivor, absorbed, new string('长', 81), 422, "invalid_value"),
            (survivor, Some.OldId(), "重复", 404, "not_found"), (Some.OldId(), absorbed, "重复", 404, "not_found"),
            (survivor, younger, "重复", 409, "donors_differ"), (survivor, woman, "重复", 409, "donors_differ"), (survivor, visiting, "重复", 409, "visit_open"), (visiting, absorbed, "重复", 409, "visit_open"),
        };
        foreach (var c in cases)
            Assert.Equal((c.Status, c.Code), (await Merge(station, c.Survivor, c.Absorbed, c.Reason)) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.merge where survivor_id = any(@ids)", new { ids = new[] { survivor, visiting } }));
        var obstacle = await station.Registrar.Post("/v1/donor-merges/preview", new { survivor, absorbed = younger });
        Assert.Equal((200, false, "donors_differ", "birthDate"), (obstacle.Status, obstacle["possible"].GetBoolean(), obstacle.Text("obstacle"), Assert.Single(obstacle["contradictions"].EnumerateArray()).GetString()));
        Assert.Equal((403, "staff_required"), (await station.Client.Post("/v1/donor-merges", new { survivor, absorbed, reason = "重复" })) is var nobody ? (nobody.Status, nobody.Code) : default);
        Assert.Equal((403, "staff_function_required"), (await station.Phlebotomist.Post("/v1/donor-merges", new { survivor, absorbed, reason = "重复" })) is var wrong ? (wrong.Status, wrong.Code) : default);
        Assert.Equal((403, "role_forbidden"), (await service.As(Roles.App, Some.Id()).Post("/v1/donor-merges", new { survivor, absorbed, reason = "重复" })) is var app ? (app.Status, app.Code) : default);
        Assert.Equal(404, (await Undo(station, Some.OldId())).Status);
    }

    [Fact]
    public async Task After_thirty_days_a_merge_stays()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await station.Donor(), await Passport(station));
        var merge = await Merged(station, survivor, absorbed);
        await service.Database.Execute("update donor.merge set undo_until = now() - interval '1 second' where id = @merge", new { merge });
        Assert.Equal((409, "merge_undo_expired"), (await Undo(station, merge)) is var late ? (late.Status, late.Code) : default);
        Assert.Empty((await station.Client.Get($"/v1/donor-merges/{merge}"))["allowedActions"].EnumerateArray());
        Assert.Equal("merged", (await station.Client.Get($"/v1/donors/{absorbed}")).Text("status"));
    }

    [Fact]
    public async Task A_merged_donor_is_changed_as_the_person_he_is()
    {
        var station = new SomeStation(service);
        var app = service.As(Roles.App, station.Id); // registered the absorbed one
        var (survivor, absorbed) = (await station.Donor(), await Passport(station));
        Assert.Equal(404, (await app.Get($"/v1/donors/{survivor}")).Status);
        await Merged(station, survivor, absorbed);
        Assert.Equal(200, (await app.Get($"/v1/donors/{survivor}")).Status); // it acts for the person now
        Assert.Contains(station.Id, (await service.Published<DonorChanged>()).Last(e => e.DonorId == survivor).Apps);
        var no = await app.Patch($"/v1/donors/{absorbed}", new { phone = "13900000002" }, "*");
        Assert.Equal((409, "donor_merged", survivor), (no.Status, no.Code, no["mergedInto"].GetGuid()));
        Assert.Equal((409, "donor_merged"), (await app.Post($"/v1/donors/{absorbed}/phone-verified", new { phone = "13900000001" })) is var phone ? (phone.Status, phone.Code) : default);

        // He withdraws a consent that only the absorbed registration had: it stays withdrawn for the person, and the absorbed record as it was.
        var withdrawn = await app.Patch($"/v1/donors/{survivor}", new { consents = new[] { "registration" } }, "*");
        Assert.Equal(JsonValueKind.String, withdrawn["consents"].EnumerateArray().Single(c => c.GetProperty("code").GetString() == "contact").GetProperty("withdrawn").ValueKind);
        Assert.NotNull((await service.Published<DonorChanged>()).Last(e => e.DonorId == survivor).Consents.Single(c => c.Code == "contact").Withdrawn);
        Assert.Equal(JsonValueKind.String, (await app.Get($"/v1/donors/{absorbed}"))["consents"].EnumerateArray().Single(c => c.GetProperty("code").GetString() == "contact").GetProperty("withdrawn").ValueKind);
        Assert.DoesNotContain("withdrawn\": \"", await station.Scalar<string>("select consents::text from donor.donor where id = @absorbed", new { absorbed }));
    }
}
