using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class HaemovigilanceTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private async Task<(string Din, Guid Unit)> Issued(string group = "A+")
    {
        await service.Seal("donor");
        var din = await station.Released(group: group);
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, group));
        Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Status);
        return (din, order["lines"][0].GetProperty("unitId").GetGuid());
    }

    private async Task<(string Din, Guid Unit)> Transfused(string group = "A+")
    {
        var (din, unit) = await Issued(group);
        Assert.Equal(201, (await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "PATIENT-0000077", transfusedAt = Now.AddMinutes(-30), outcome = "reaction" })).Status);
        return (din, unit);
    }

    private Task<Answer> React(Guid unit, string kind = "febrile", int severity = 1, string imputability = "possible", DateTimeOffset? onset = null, HttpClient? by = null) =>
        (by ?? Hospital).Post($"/v1/units/{unit}/reaction", new { kind, severity, imputability, onsetAt = onset ?? Now.AddMinutes(-10) });

    [Theory]
    [InlineData("bacterial", "possible", true)]
    [InlineData("transmitted-infection", "unlikely", true)]
    [InlineData("trali", "definite", true)]
    [InlineData("bacterial", "excluded", false)]
    [InlineData("allergic-severe", "definite", false)] // the patient's, not the blood's
    public async Task What_may_lie_in_the_blood_holds_what_is_left_of_the_donation(string kind, string imputability, bool held)
    {
        var (din, unit) = await Transfused();
        var reaction = await React(unit, kind, 3, imputability);
        Assert.Equal((201, held), (reaction.Status, reaction["held"].GetBoolean()));
        Assert.Equal(held ? ["quality"] : [], (await station.Donation(din))["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()));
        Assert.Equal(held ? "waiting" : "allocated", (await Hospital.Post("/v1/orders", Station.Order(station.Id, component: "plasma-fresh-frozen"))).Text("status"));
    }

    [Fact]
    public async Task The_register_tells_each_side_its_half_and_the_last_judgement_of_a_bag_counts()
    {
        var (first, second) = (await Transfused("B+"), await Transfused("O+"));
        await Transfused("AB+");
        await React(first.Unit, "febrile", 1);
        await React(second.Unit, "bacterial", 3, "probable");
        async Task<string> Figures(HttpClient who) => await who.Get("/v1/haemovigilance/figures") is var f
            ? string.Join(' ', new[] { "transfused", "withAlarm", "reactions", "reactionsPerThousand", "severeReactions", "transmittedInfections", "lookbacksOpened", "lookbacksCompleted" }.Select(n => f[n].ToString())) : "";
        Assert.Equal("3 3 2 666.67 1 1 0 0", await Figures(station.Client)); // an alarm each: receipt was not recorded
        await React(second.Unit, "febrile", 2, "excluded"); // cultures stayed sterile
        Assert.Equal(["bacterial probable", "febrile excluded"], (await station.Client.Get($"/v1/traces/{second.Din}"))["units"].EnumerateArray().Single(u => u.GetProperty("unit").GetProperty("id").GetGuid() == second.Unit).GetProperty("transfusion")
            .GetProperty("reactions").EnumerateArray().Select(r => $"{r.GetProperty("kind").GetString()} {r.GetProperty("imputability").GetString()}"));
        Assert.Equal("3 3 1 333.33 0 0 0 0", await Figures(station.Client));
        Assert.Equal("3 3 1 333.33 0 0  ", await Figures(Hospital));
        var lookback = await station.Quality.Post("/v1/lookbacks", new { din = second.Din, reason = "recipient-infection" }, Some.Key());
        Assert.Equal("3 3 1 333.33 0 0 1 0", await Figures(station.Client));
        Assert.Equal(200, (await station.As("Q2", "quality").Post($"/v1/lookbacks/{lookback.Id}/close", new { conclusion = "undetermined" }, Some.Key())).Status);
        Assert.Equal("3 3 1 333.33 0 0 1 1", await Figures(station.Client));
        Assert.Equal("0 0 0  0 0 0 0", await Figures(new Station(service).Client));

        var register = await station.Client.Get("/v1/haemovigilance/reactions?limit=2");
        Assert.Equal(["febrile possible False", "bacterial probable True"], register["items"].EnumerateArray().Select(r => $"{r.GetProperty("kind").GetString()} {r.GetProperty("imputability").GetString()} {r.GetProperty("held").GetBoolean()}"));
        Assert.Equal(1, (await station.Client.Get($"/v1/haemovigilance/reactions?cursor={register.Text("next")}"))["items"].GetArrayLength());
        Assert.DoesNotContain("PATIENT", register.Body.ToString());
        Assert.Equal(3, (await Hospital.Get("/v1/haemovigilance/reactions"))["items"].GetArrayLength());
        Assert.Equal(0, (await service.As(Roles.Hospital, Some.Id()).Get("/v1/haemovigilance/reactions"))["items"].GetArrayLength());
        Assert.Equal(422, (await station.Client.Get("/v1/haemovigilance/figures?from=2026-02-01&to=2026-01-31")).Status);
    }

    [Fact]
    public async Task A_reaction_needs_its_transfusion_and_a_time_after_it_and_is_the_hospitals()
    {
        var (_, issued) = await Issued("A-");
        Assert.Equal((409, "unit_state"), await React(issued) is var no ? (no.Status, no.Code) : default);
        var (_, unit) = await Transfused("B-");
        Assert.Equal("performed_in_future", (await React(unit, onset: Now.AddHours(1))).Code);
        Assert.Equal("invalid_value", (await React(unit, onset: Now.AddHours(-1))).Code);
        Assert.Equal("invalid_value", (await React(unit, kind: "tired")).Code);
        Assert.Equal("invalid_value", (await React(unit, severity: 5)).Code);
        Assert.Equal("invalid_value", (await React(unit, imputability: "perhaps")).Code);
        Assert.Equal(403, (await React(unit, by: station.Client)).Status);
        Assert.Equal(404, (await React(unit, by: service.As(Roles.Hospital, Some.Id()))).Status);
        Assert.Equal(0, (await Hospital.Get("/v1/haemovigilance/reactions"))["items"].GetArrayLength());
    }
}
