using System.Collections.Concurrent;
using System.Diagnostics;

namespace BloodPlatform.Chassis.Tests;

public sealed class TraceTests
{
    [Fact]
    public async Task One_trace_leads_from_the_request_through_outbox_and_broker_to_the_effect()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Microsoft.AspNetCore" or "MassTransit" or "BloodPlatform.Chassis",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        var effects = new ConcurrentDictionary<string, string?>();
        await cluster.Start("recognition", (e, tx) => { effects[e.Key] = Activity.Current?.TraceId.ToString(); return Probe.WriteDown(e, tx); });

        using var station = donor.As(Roles.Station, Some.Id());
        var trace = ActivityTraceId.CreateRandom().ToString();
        station.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        var made = await station.Post("/v1/things", new { name = Some.Key() });
        await Eventually.That(() => Task.FromResult(effects.ContainsKey(made.Id.ToString())));
        Assert.Equal(trace, effects[made.Id.ToString()]);
    }
}
