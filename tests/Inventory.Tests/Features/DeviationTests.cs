using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>What went otherwise than it should, why, and what is done about it.</summary>
public sealed class DeviationTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);

    private Task<Answer> Open(HttpClient by, object? more = null) => by.Post("/v1/deviations", more ?? new { kind = "labelling", severity = "major", description = "两袋标签贴反", occurredAt = TimeProvider.System.GetUtcNow() });

    private static readonly object Closing = new { causeCode = "method", cause = "两袋同时贴标", correction = "一次只处理一袋" };

    private static (int, string?) Said(Answer a) => (a.Status, a.Code);

    [Fact]
    public async Task A_deviation_is_closed_with_cause_and_correction_by_another_person()
    {
        var din = await station.Collected();
        var opened = await Open(station.Quality, new { kind = "labelling", severity = "major", description = "两袋标签贴反", occurredAt = TimeProvider.System.GetUtcNow(), din });
        Assert.True(opened.Status == 201, opened.ToString());
        Assert.Equal(("open", din, "两袋标签贴反"), (opened.Text("status"), opened.Text("din"), opened.Text("description")));
        Assert.Equal((409, "same_signer"), Said(await station.Quality.Post($"/v1/deviations/{opened.Id}/close", Closing)));
        Assert.Equal((422, "invalid_value"), Said(await station.As("Q2", "quality").Post($"/v1/deviations/{opened.Id}/close", new { causeCode = "method", cause = "x", correction = "" })));
        Assert.Equal((403, "staff_function_required"), Said(await station.Processing.Post($"/v1/deviations/{opened.Id}/close", Closing)));
        var closed = await station.As("Q2", "quality").Post($"/v1/deviations/{opened.Id}/close", Closing);
        Assert.Equal((200, "closed", "method", "一次只处理一袋"), (closed.Status, closed.Text("status"), closed.Text("causeCode"), closed.Text("correction")));
        Assert.Equal((409, "deviation_closed"), Said(await station.As("Q3", "quality").Post($"/v1/deviations/{opened.Id}/close", Closing)));

        var second = await Open(station.Processing);
        Assert.Equal([second.Id], (await station.Client.Get("/v1/deviations?status=open"))["items"].EnumerateArray().Select(d => d.GetProperty("id").GetGuid()));
        Assert.Equal("两袋同时贴标", (await station.Client.Get($"/v1/deviations/{opened.Id}")).Text("cause"));
        Assert.DoesNotContain("贴", await service.Database.Scalar<string>("select string_agg(v::text, '') from inventory.deviation v"));
    }

    [Fact]
    public async Task It_names_only_what_is_the_stations_and_nobody_else_reads_it()
    {
        var other = new Station(service);
        var foreign = await other.Releasable();
        var now = TimeProvider.System.GetUtcNow();
        var no = await Open(station.Processing, new { kind = "other", severity = "minor", description = "x", occurredAt = now, din = foreign, unitId = await other.UnitOf(foreign), testRunId = Some.Id(), orderId = Some.Id(), place = "F1" });
        Assert.Equal((422, "/din /unitId /testRunId /orderId /place"), (no.Status, string.Join(' ', no["errors"].EnumerateArray().Select(e => e.GetProperty("pointer").GetString()))));
        Assert.Equal((422, "performed_in_future"), Said(await Open(station.Processing, new { kind = "other", severity = "minor", description = "x", occurredAt = now.AddHours(1) })));
        Assert.Equal((422, "invalid_value"), Said(await Open(station.Processing, new { kind = "other", severity = "fatal", description = "x", occurredAt = now })));
        Assert.Empty((await station.Client.Get("/v1/deviations"))["items"].EnumerateArray());
        var own = await Open(station.Processing);
        Assert.Equal(404, (await other.Client.Get($"/v1/deviations/{own.Id}")).Status);
        Assert.Equal(404, (await other.Quality.Post($"/v1/deviations/{own.Id}/close", Closing)).Status);
        Assert.Equal((403, "role_forbidden"), Said(await service.As(Roles.Hospital, Some.Id()).Get("/v1/deviations")));
    }
}
