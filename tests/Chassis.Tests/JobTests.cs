using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BloodPlatform.Chassis.Tests;

/// <summary>Jobs that write a thing for each number: once each, whoever does it and whatever is killed meanwhile.</summary>
public sealed class JobTests : IAsyncLifetime
{
    private sealed record Order(int Count, string Name, int FailsAt = -1);

    private TestDatabase database = null!;
    private readonly TokenIssuer tokens = new();
    private static int failures;

    public async ValueTask InitializeAsync() => database = await Servers.CreateDatabase("donor");

    public async ValueTask DisposeAsync() => await database.DisposeAsync();

    private Task<ServiceUnderTest> Start(bool first, params string[] settings) => ServiceUnderTest.Start("donor", args => Probe.As("donor")(args).Runs("count", Count).Map(Jobs.Map("/v1/probe-jobs", "donors", Roles.Station, Roles.App)).Map(app =>
        app.MapPost("/v1/counts", async Task<Results<Accepted<Guid>, ProblemHttpResult>> (Order order, Database db, CancellationToken ct) => await db.InTransaction<Results<Accepted<Guid>, ProblemHttpResult>>(tx =>
        {
            var id = tx.StartJob("count", order);
            return Task.FromResult<Results<Accepted<Guid>, ProblemHttpResult>>(order.Count < 0 ? CommonProblems.Invalid.With() : TypedResults.Accepted($"/v1/probe-jobs/{id}", id));
        }, ct)).Allow("donors", Roles.Station)), null, database, tokens, null, first, settings);

    private static async Task<JobStep> Count(Job job, Transaction tx, IServiceProvider services)
    {
        var order = job.Input<Order>();
        var number = job.Cursor<int?>() ?? 0;
        if (number == order.Count) return JobStep.Finished(new { counted = number }, number);
        if (number == order.FailsAt) { Interlocked.Increment(ref failures); throw new InvalidOperationException("never"); }
        await tx.QuerySingle<string>("select pg_sleep(0.002)::text");
        tx.Write("insert into donor.thing (id, version, name) values (@id, 1, @name)", new { id = tx.NewId(), name = $"{order.Name}-{number}" });
        return JobStep.Next(number + 1, number + 1, order.Count, number % 10 == 3 ? [new JobProblem(number, "ends_with_three", "3", [new FieldError("/number", "three", "a three")])] : null);
    }

    [Fact]
    public async Task Every_number_is_counted_once_although_runners_are_killed_again_and_again()
    {
        var (first, second) = (await Start(true, "--Platform:Jobs:Share=1"), await Start(false, "--Platform:Jobs:Share=1"));
        try
        {
            var station = first.As(Roles.Station, Some.Id());
            var jobs = new List<Guid>();
            foreach (var name in new[] { "a", "b", "c" }) jobs.Add((await station.Post("/v1/counts", new Order(100, name))).Body.GetGuid());
            for (var i = 0; i < 20; i++)
            {
                // As kill -9 does: the connections are gone, in the middle of a step or between two.
                await database.Execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'donor'");
                await Eventually.That(async () => await database.Scalar<long>("select sum(done) from donor.job") is var done && (done > i * 3 || done == 300));
            }
            foreach (var id in jobs)
            {
                Answer job = null!;
                // A request may meet a connection that was killed in the pool: 503, and the next one is answered.
                await Eventually.That(async () => (job = await station.Get($"/v1/probe-jobs/{id}")).Status == 200 && job.Text("state") == "succeeded");
                Assert.Equal(("count", 100, 100, 100), (job.Text("kind"), job["progress"].GetProperty("done").GetInt32(), job["progress"].GetProperty("total").GetInt32(), job["result"].GetProperty("counted").GetInt32()));
                Assert.Equal(Enumerable.Range(0, 10).Select(n => (n * 10) + 3), job["problems"].EnumerateArray().Select(p => p.GetProperty("row").GetInt32()));
                Assert.Equal("/number", job["problems"][0].GetProperty("errors")[0].GetProperty("pointer").GetString());
            }
            Assert.Equal(300, await database.Scalar<long>("select count(*) from donor.thing"));
        }
        finally { await first.Stop(); await second.Stop(); }
    }

    [Fact]
    public async Task A_service_that_starts_goes_on_where_the_other_stopped_and_a_rejection_starts_nothing()
    {
        var first = await Start(true, "--Platform:Jobs:Share=0.2");
        var station = first.As(Roles.Station, Some.Id());
        Assert.Equal(422, (await station.Post("/v1/counts", new Order(-1, "none"))).Status);
        Assert.Equal(0, await database.Scalar<long>("select count(*) from donor.job"));
        var id = (await station.Post("/v1/counts", new Order(60, "d"))).Body.GetGuid();
        await Eventually.That(async () => await database.Scalar<long>("select done from donor.job") >= 5);
        await first.Stop();
        var left = await database.Scalar<long>("select done from donor.job");
        Assert.Equal((left, "running"), (await database.Scalar<long>("select count(*) from donor.thing"), await database.Scalar<string>("select state from donor.job")));

        var second = await Start(false, "--Platform:Jobs:Share=1");
        try
        {
            await Eventually.That(async () => await database.Scalar<string>("select state from donor.job") == "succeeded");
            Assert.Equal(60, await database.Scalar<long>("select count(*) from donor.thing"));
            Assert.NotEqual(Guid.Empty, id);
        }
        finally { await second.Stop(); }
    }

    [Fact]
    public async Task Who_did_not_start_it_is_told_nothing_of_it()
    {
        var service = await Start(true);
        try
        {
            var tenant = Some.Id();
            var id = (await service.As(Roles.Station, tenant).Post("/v1/counts", new Order(0, "e"))).Body.GetGuid();
            Assert.Equal(200, (await service.As(Roles.Station, tenant).Get($"/v1/probe-jobs/{id}")).Status);
            Assert.Equal(404, (await service.As(Roles.Station, Some.Id()).Get($"/v1/probe-jobs/{id}")).Status);
            Assert.Equal(404, (await service.As(Roles.App, tenant).Get($"/v1/probe-jobs/{id}")).Status);
            Assert.Equal(404, (await service.As(Roles.Station, tenant).Get($"/v1/probe-jobs/{Some.OldId()}")).Status);
        }
        finally { await service.Stop(); }
    }

    [Fact]
    public async Task What_can_never_succeed_fails_after_ten_attempts_and_holds_no_other_job()
    {
        var service = await Start(true, "--Platform:Jobs:Share=1");
        try
        {
            var station = service.As(Roles.Station, Some.Id());
            var bad = (await station.Post("/v1/counts", new Order(5, "f", FailsAt: 2))).Body.GetGuid();
            var good = (await station.Post("/v1/counts", new Order(5, "g"))).Body.GetGuid();
            await Eventually.That(async () => (await station.Get($"/v1/probe-jobs/{good}")).Text("state") == "succeeded");
            await Eventually.That(async () =>
            {
                await database.Execute("update donor.job set not_before = '-infinity'"); // nobody waits for the pauses
                return (await station.Get($"/v1/probe-jobs/{bad}")).Text("state") == "failed";
            });
            var job = await station.Get($"/v1/probe-jobs/{bad}");
            Assert.Equal((2, JsonValueKind.Null, 10), (job["progress"].GetProperty("done").GetInt32(), job["result"].ValueKind, failures));
            Assert.Equal(2, await database.Scalar<long>("select count(*) from donor.thing where name like 'f-%'"));
        }
        finally { await service.Stop(); }
    }
}
