using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using Npgsql;

namespace BloodPlatform.Donors.Tests.Features;

[Collection("years ahead")] // a sweep of years ahead takes every restricted person with it
public sealed class IdentityCorrectionTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static int sequence = 5000;

    private static (int, string?) Seen(Answer answer) => (answer.Status, answer.Code);

    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static string Passport() => "F" + Interlocked.Increment(ref sequence).ToString("00000000", null);

    private static object Body(string number, DateOnly born, string name = "乙更正", string phone = "13900000009") =>
        new { name, document = new { kind = "passport", number }, phone, sex = "male", birthDate = $"{born:yyyy-MM-dd}", consents = new[] { "registration" } };

    private static object Correct(string number, DateOnly? born = null, string? name = null, string? sex = null, string kind = "passport", string reasonCode = "entered-wrong") =>
        new { reasonCode, document = new { kind, number }, birthDate = born is { } day ? $"{day:yyyy-MM-dd}" : null, name, sex };

    private async Task<int> Announced(Guid donor) => (await service.Published<DonorEligibilityChanged>()).Count(e => e.DonorId == donor);

    [Fact]
    public async Task A_wrong_birth_date_is_corrected_by_another_person_on_the_document_and_the_old_one_stays_sealed()
    {
        var station = new SomeStation(service);
        var (number, wrong, right) = (Passport(), Today.AddYears(-16), Today.AddYears(-26));
        var registered = await station.Registrar.Post("/v1/donors", Body(number, wrong));
        var (donor, path) = (registered.Id, $"/v1/donors/{registered.Id}/identity-corrections");
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean());

        Assert.Equal((403, "staff_required"), Seen(await station.Client.PostIfMatch(path, Correct(number, right), "\"1\"")));
        Assert.Equal((403, "role_forbidden"), Seen(await service.As(Roles.App, Some.Id()).PostIfMatch(path, Correct(number, right), "\"1\"")));
        Assert.Equal((403, "staff_function_required"), Seen(await station.Phlebotomist.PostIfMatch(path, Correct(number, right), "\"1\"")));
        Assert.Equal((428, "if_match_required"), Seen(await station.Quality.PostIfMatch(path, Correct(number, right), null)));
        Assert.Equal((412, "version_mismatch"), Seen(await station.Quality.PostIfMatch(path, Correct(number, right), "\"7\"")));
        Assert.Equal((409, "second_person_required"), Seen(await station.Registrar.PostIfMatch(path, Correct(number, right), "\"1\""))); // who entered it
        Assert.Equal((422, "nothing_corrected"), Seen(await station.Quality.PostIfMatch(path, Correct(number, wrong), "\"1\"")));
        Assert.Equal((422, "invalid_value"), Seen(await station.Quality.PostIfMatch(path, Correct(number, Today.AddDays(1)), "\"1\"")));
        Assert.Equal((422, "invalid_value"), Seen(await station.Quality.PostIfMatch(path, Correct(number, right, reasonCode: "because"), "\"1\"")));
        Assert.Equal((422, "invalid_value"), Seen(await station.Quality.PostIfMatch(path, Correct(number, name: " "), "\"1\"")));
        Assert.Equal((422, "invalid_value"), Seen(await station.Quality.PostIfMatch(path, Correct(number, sex: "other"), "\"1\"")));
        Assert.Equal((422, "document_invalid"), Seen(await station.Quality.PostIfMatch(path, Correct("4", right), "\"1\"")));
        Assert.Equal((422, "identity_contradiction"), Seen(await station.Quality.PostIfMatch(path, Correct(SomeStation.ResidentId(SomeStation.Adult), right, kind: "resident-id"), "\"1\"")));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.identity_correction where donor_id = @donor", new { donor }));
        Assert.Equal(1, await Announced(donor));

        var made = await station.Quality.PostIfMatch(path, Correct(number, right), "\"1\"");
        Assert.Equal((201, "birthDate", 1), (made.Status, Assert.Single(made["fields"].EnumerateArray()).GetString(), made["number"].GetInt32()));
        Assert.Equal(made.Body.ToString(), (await station.Client.Get(made.Response.Headers.Location!.ToString())).Body.ToString());
        Assert.Equal(made.Body.ToString(), Assert.Single((await station.Client.Get(path)).Body.EnumerateArray()).ToString());
        Assert.DoesNotContain($"{wrong.Year}", made.Body.GetProperty("fields").ToString() + made.Text("reasonCode"), StringComparison.Ordinal);
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal(2, await Announced(donor));
        var view = await station.Client.Get($"/v1/donors/{donor}");
        Assert.Equal((right.Year, "document-seen", "\"2\""), (view["birthYear"].GetInt32(), view.Text("identityAssurance"), view.Response.Headers.ETag!.Tag));
        Assert.Equal($"{right:yyyy-MM-dd}", (await station.Physician.Post($"/v1/donors/{donor}/full-reads", new { purpose = "care", reason = "核对" })).Text("birthDate"));
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.audit where action = 'donor.identity-correct' and resource = @r and staff_id is not null", new { r = $"donors/{donor}" }));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.identity_correction c where c::text like '%' || encode(convert_to(@wrong, 'utf8'), 'hex') || '%'", new { wrong = $"{wrong:yyyy-MM-dd}" }));

        // Who corrected it does not correct it again; a name changes no date and is announced to nobody.
        Assert.Equal((409, "second_person_required"), Seen(await station.Quality.PostIfMatch(path, Correct(number, name: "乙改正"), "\"2\"")));
        var named = await station.Physician.PostIfMatch(path, Correct(number, name: "乙改正", reasonCode: "changed-by-authority"), "\"2\"");
        Assert.Equal((201, 2), (named.Status, named["number"].GetInt32()));
        Assert.Equal(2, await Announced(donor));
        Assert.Equal("乙改正", (await station.Physician.Post($"/v1/donors/{donor}/full-reads", new { purpose = "care", reason = "核对" })).Text("name"));

        await using var login = new NpgsqlConnection(service.Database.Service("donor"));
        await login.OpenAsync(TestContext.Current.CancellationToken);
        await using var rewrite = new NpgsqlCommand("update donor.identity_correction set reason_code = 'told-wrong'", login);
        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => rewrite.ExecuteNonQueryAsync())).SqlState);
    }

    [Fact]
    public async Task Another_document_shows_it_and_what_it_says_is_the_persons_in_all_his_registrations()
    {
        var station = new SomeStation(service);
        var (wrong, right) = (new DateOnly(1990, 1, 11), new DateOnly(1990, 11, 1));
        var (first, second) = (Passport(), Passport());
        var donor = (await station.Client.Post("/v1/donors", Body(first, wrong))).Id;
        var absorbed = (await station.Client.Post("/v1/donors", Body(second, wrong))).Id;
        var merge = await station.Registrar.Post("/v1/donor-merges", new { survivor = donor, absorbed, reason = "同一人" });
        var card = SomeStation.ResidentId(right);
        var path = $"/v1/donors/{donor}/identity-corrections";
        Assert.Equal((409, "donor_merged"), Seen(await station.Quality.PostIfMatch($"/v1/donors/{absorbed}/identity-corrections", Correct(card, right, kind: "resident-id"), "*")));
        var other = await station.Register(right);
        Assert.Equal(201, (await station.Quality.PostIfMatch(path, Correct(card, right, kind: "resident-id"), "*")).Status);
        Assert.Contains((await station.Client.Get($"/v1/donors/{donor}/documents"))["items"].EnumerateArray(), d => d.GetProperty("kind").GetString() == "resident-id" && d.GetProperty("seenAt").ValueKind == JsonValueKind.String);
        // With a card on record that bears it, the record is not what is wrong.
        Assert.Equal((422, "identity_contradiction"), Seen(await station.Physician.PostIfMatch(path, Correct(first, wrong), "*")));
        // Another's document.
        var number = Passport();
        await station.Client.Post("/v1/donors", Body(number, right));
        Assert.Equal((409, "document_of_another_donor"), Seen(await station.Physician.PostIfMatch(path, Correct(number, name: "丁"), "*")));
        Assert.Equal(201, other.Status);

        Assert.Equal(200, (await station.Registrar.Post($"/v1/donor-merges/{merge.Id}/undo", new { reason = "不是" })).Status);
        foreach (var id in new[] { donor, absorbed })
            Assert.Equal("1990-11-01", (await station.Physician.Post($"/v1/donors/{id}/full-reads", new { purpose = "care", reason = "核对" })).Text("birthDate"));
        Assert.Single((await station.Client.Get($"/v1/donor-duplicates?donorId={absorbed}"))["items"].EnumerateArray(), i => i.GetProperty("first").GetProperty("id").GetGuid() == donor); // found by the corrected date
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Today });
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{donor}/erasure")).Status);
        Assert.Equal((409, "donor_not_active"), Seen(await station.Physician.PostIfMatch(path, Correct(first, name: "丁"), "*")));
    }

    [Fact]
    public async Task Two_who_correct_at_once_are_one_correction()
    {
        var station = new SomeStation(service);
        var number = Passport();
        var donor = (await station.Client.Post("/v1/donors", Body(number, new(1991, 2, 3)))).Id;
        var raced = await Task.WhenAll(Enumerable.Range(1, 6).Select(n => service.As(Roles.Station, station.Id, $"Q{n + 30}", "quality").PostIfMatch($"/v1/donors/{donor}/identity-corrections", Correct(number, new(1991, 2, 3 + n)), "\"1\"")));
        Assert.Equal([201, 412, 412, 412, 412, 412], raced.Select(r => r.Status).Order());
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.identity_correction where donor_id = @donor", new { donor }));
    }

    [Fact]
    public async Task Two_people_who_look_like_one_are_dismissed_until_it_is_undone_or_they_are_merged()
    {
        var station = new SomeStation(service);
        var (born, phone) = (new DateOnly(1984, 4, 4), $"138{Interlocked.Increment(ref sequence):00000000}");
        var first = (await station.Client.Post("/v1/donors", Body(Passport(), born, "双胞胎", phone))).Id;
        var second = (await station.Client.Post("/v1/donors", Body(Passport(), born, "双胞弟", phone))).Id;
        var stranger = (await station.Client.Post("/v1/donors", Body(Passport(), new(1970, 7, 7), "陌生人", "13700000007"))).Id;
        async Task<List<JsonElement>> Listed(string query = "") => [.. (await station.Client.Get($"/v1/donor-duplicates?donorId={first}{query}"))["items"].EnumerateArray()];
        object Dismissal(Guid one, Guid other, string reasonCode = "twins") => new { first = one, second = other, reasonCode };
        const string Path = "/v1/donor-duplicates/dismissals";
        Assert.Equal(JsonValueKind.Null, Assert.Single(await Listed()).GetProperty("dismissal").ValueKind);

        Assert.Equal((403, "staff_required"), Seen(await station.Client.Post(Path, Dismissal(first, second))));
        Assert.Equal((403, "staff_function_required"), Seen(await station.Quality.Post(Path, Dismissal(first, second))));
        Assert.Equal((403, "role_forbidden"), Seen(await service.As(Roles.App, Some.Id()).Post(Path, Dismissal(first, second))));
        Assert.Equal((422, "invalid_value"), Seen(await station.Registrar.Post(Path, Dismissal(first, first))));
        Assert.Equal((422, "invalid_value"), Seen(await station.Registrar.Post(Path, Dismissal(first, second, "because"))));
        Assert.Equal((404, "not_found"), Seen(await station.Registrar.Post(Path, Dismissal(first, Some.OldId()))));
        Assert.Equal((409, "no_duplicates"), Seen(await station.Registrar.Post(Path, Dismissal(first, stranger))));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.duplicate_dismissal where first_id = any(@ids)", new { ids = new[] { first, second } }));

        var dismissed = await station.Registrar.Post(Path, Dismissal(second, first)); // in whichever order they are named
        Assert.Equal(201, dismissed.Status);
        Assert.Equal((409, "duplicate_dismissed"), Seen(await station.Registrar.Post(Path, Dismissal(first, second))));
        Assert.Empty(await Listed());
        var shown = Assert.Single(await Listed("&dismissed=true")).GetProperty("dismissal");
        Assert.Equal(("twins", dismissed.Id), (shown.GetProperty("reasonCode").GetString(), shown.GetProperty("id").GetGuid()));
        Assert.Equal(dismissed.Body.ToString(), (await station.Client.Get($"{Path}/{dismissed.Id}")).Body.ToString());

        Assert.Equal(403, (await station.Quality.Delete($"{Path}/{dismissed.Id}")).Status);
        Assert.Equal(204, (await station.Registrar.Delete($"{Path}/{dismissed.Id}")).Status);
        Assert.Equal((409, "dismissal_undone"), Seen(await station.Registrar.Delete($"{Path}/{dismissed.Id}")));
        Assert.Equal(404, (await station.Client.Get($"{Path}/{dismissed.Id}")).Status);
        Assert.Single(await Listed());

        // Dismissed again, by many at once; then they turn out to be one after all.
        var raced = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => station.Registrar.Post(Path, Dismissal(first, second, "asked"))));
        Assert.Equal([201, 409, 409, 409, 409], raced.Select(r => r.Status).Order());
        var merge = await station.Registrar.Post("/v1/donor-merges", new { survivor = first, absorbed = second, reason = "同一人" });
        Assert.Equal(201, merge.Status);
        Assert.Equal(200, (await station.Registrar.Post($"/v1/donor-merges/{merge.Id}/undo", new { reason = "不是" })).Status);
        Assert.Single(await Listed());
        Assert.Equal(2, await station.Scalar<int>("select count(*) from donor.duplicate_dismissal where first_id = any(@ids) and undone_at is not null", new { ids = new[] { first, second } }));
    }
}
