using System.Diagnostics;
using System.Text.Json;
using BloodPlatform.Contracts;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>
/// Long work in steps. A handler starts a job in its own transaction (<see cref="Transaction.StartJob"/>) and answers 202 with its
/// address; the runner calls the kind's step again and again, each step one short transaction whose effects and cursor commit
/// together. So a step happens once, whatever is killed when: a runner that dies loses the row lock with its connection, and
/// any replica goes on from the cursor. Jobs take turns step by step, and a runner rests as long as it worked, so that a job
/// never takes more than half of one connection's time (<c>Platform:Jobs:Share</c>, 0.5).
/// <code>
/// service.Runs("import-donors", ImportDonors.Step)                                 // Program
///        .Map(Jobs.Map("/v1/donor-jobs", "donors", Roles.Station))                 // GET /v1/donor-jobs/{id}
/// var id = tx.StartJob("import-donors", new { importId });                         // in the handler's transaction
/// static async Task&lt;JobStep&gt; Step(Job job, Transaction tx, IServiceProvider services) {
///     var after = job.Cursor&lt;int?&gt;() ?? 0;                                         // where the last step ended; null at first
///     var rows = await tx.Query&lt;Row&gt;("select … where row &gt; @after order by row limit 200", new { after });
///     if (rows.Count == 0) return JobStep.Finished(new { accepted = … });
///     … tx.Write, tx.Append as in any transaction …
///     return JobStep.Next(rows[^1].Number, job.Done + rows.Count, total, problems);
/// }
/// </code>
/// Input, cursor, result and problems hold ids, codes and counts, never personal data: what is personal stays sealed in rows of the
/// service's own. A step that throws is tried again with growing pauses, without end while the database is away, else ten times;
/// then the job has failed. One row that is wrong is a problem of the job, not an exception.
/// </summary>
public static class Jobs
{
    /// <summary>GET {path}/{id} for the jobs that the caller's role and tenant started, and those that the service started itself: `state` is `queued`, `running`, `succeeded` or `failed`.</summary>
    public static Action<IEndpointRouteBuilder> Map(string path, string scope, params string[] roles) => app =>
        app.MapGet(path + "/{id:guid}", Get).Allow(scope, roles).WithSummary("How far long work is");

    private static async Task<Results<Ok<JobView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, ServiceName name, CancellationToken ct)
    {
        var row = await db.QuerySingle<JobRow>(name.Sql(Job.Select + " where id = @id and (role is null or (role = @Role and tenant_id is not distinct from @TenantId))"), new { id, caller.Role, caller.TenantId }, ct);
        if (row is null) return CommonProblems.NotFound.With();
        var problems = await db.Query<ProblemRow>(name.Sql("select row, code, detail, errors::text as errors from {schema}.job_problem where job_id = @id order by position limit 1000"), new { id }, ct);
        return TypedResults.Ok(new JobView(row.Id, row.Kind, row.State, new(row.Done, row.Total), row.Result is null ? null : JsonDocument.Parse(row.Result).RootElement,
            [.. problems.Select(p => new JobProblem(p.Row, p.Code, p.Detail, p.Errors is null ? null : JsonSerializer.Deserialize<FieldError[]>(p.Errors, Json.Options)))], row.CreatedAt, row.StartedAt, row.FinishedAt));
    }

    private sealed record ProblemRow(long? Row, string Code, string? Detail, string? Errors);
}

/// <param name="Problems">At most the first thousand.</param>
public sealed record JobView(Guid Id, string Kind, string State, JobProgress Progress, JsonElement? Result, IReadOnlyList<JobProblem> Problems, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt);

/// <param name="Total">Null while nobody has counted.</param>
public sealed record JobProgress(long Done, long? Total);

/// <summary>What was not done, and why: a row's number where there are rows, a stable code, JSON pointers.</summary>
public sealed record JobProblem(long? Row, string Code, string? Detail = null, FieldError[]? Errors = null);

/// <summary>A job as its step sees it.</summary>
public sealed class Job
{
    internal const string Select = "select id, kind, state, input::text as input, cursor::text as cursor, done, total, result::text as result, failures, created_at, started_at, finished_at from {schema}.job";
    private readonly JobRow row;

    internal Job(JobRow row) => this.row = row;

    public Guid Id => row.Id;

    public string Kind => row.Kind;

    public long Done => row.Done;

    public long? Total => row.Total;

    /// <summary>What it was started with.</summary>
    public T Input<T>() => JsonSerializer.Deserialize<T>(row.Input, Json.Options)!;

    /// <summary>Where the last step ended; null (of a nullable type) before the first.</summary>
    public T? Cursor<T>() => row.Cursor is null ? default : JsonSerializer.Deserialize<T>(row.Cursor, Json.Options);
}

/// <summary>What a step did, and where the next one begins.</summary>
public sealed record JobStep
{
    internal bool IsLast { get; private init; }
    internal object? Cursor { get; private init; }
    internal long? Done { get; private init; }
    internal long? Total { get; private init; }
    internal object? Result { get; private init; }
    internal IReadOnlyList<JobProblem> Problems { get; private init; } = [];

    /// <summary>More is to be done, from the cursor on.</summary>
    public static JobStep Next(object cursor, long done, long? total = null, IReadOnlyList<JobProblem>? problems = null) => new() { Cursor = cursor, Done = done, Total = total, Problems = problems ?? [] };

    /// <summary>All is done.</summary>
    public static JobStep Finished(object? result, long? done = null, IReadOnlyList<JobProblem>? problems = null) => new() { IsLast = true, Result = result, Done = done, Problems = problems ?? [] };
}

internal sealed record JobRow(Guid Id, string Kind, string State, string Input, string? Cursor, long Done, long? Total, string? Result, int Failures, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt);

/// <summary>Takes the job that has waited longest, does one step of it, rests.</summary>
internal sealed class JobRunner(ServiceDefinition service, IServiceScopeFactory scopes, IConfiguration configuration, ILogger<JobRunner> log) : BackgroundService
{
    private const int AttemptsBeforeFailing = 10;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);
    private readonly double share = Math.Clamp(configuration.GetValue("Platform:Jobs:Share", 0.5), 0.01, 1);
    private readonly TimeProvider machine = TimeProvider.System; // waiting is the machine's time, never business time

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            var started = machine.GetTimestamp();
            try
            {
                var worked = await Step(stopping);
                await Task.Delay(worked ? machine.GetElapsedTime(started) * (1 / share - 1) : PollEvery, machine, stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                log.LogWarning("Jobs wait: {Reason}", e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(2), machine, stopping);
            }
            catch (OperationCanceledException) { return; }
        }
    }

    /// <summary>One step of one job; false when none waits.</summary>
    internal async Task<bool> Step(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Database>();
        JobRow? taken = null;
        try
        {
            return await db.InTransaction(async tx =>
            {
                taken = await tx.QuerySingle<JobRow>(Job.Select + """
                     where id = (select id from {schema}.job where state in ('queued', 'running') and not_before <= now() and kind = any(@kinds) order by stepped_at nulls first, id limit 1 for update skip locked)
                    """, new { kinds = service.Jobs.Keys.ToArray() });
                if (taken is null) return false;
                var step = await service.Jobs[taken.Kind](new Job(taken), tx, scope.ServiceProvider);
                tx.Write("""
                    update {schema}.job set state = @state, cursor = @cursor::jsonb, done = coalesce(@Done, done), total = coalesce(@Total, total, @last), result = @result::jsonb, failures = 0, last_error = null,
                        started_at = coalesce(started_at, @now), finished_at = @finished, stepped_at = clock_timestamp()
                    where id = @Id
                    """, new
                    {
                        taken.Id, step.Done, step.Total, now = tx.Now, finished = step.IsLast ? tx.Now : (DateTimeOffset?)null, last = step.IsLast ? step.Done : null, state = step.IsLast ? "succeeded" : "running",
                        cursor = step.Cursor is null ? null : JsonSerializer.Serialize(step.Cursor, Json.Options), result = step.Result is null ? null : JsonSerializer.Serialize(step.Result, Json.Options),
                    });
                foreach (var problem in step.Problems)
                    tx.Write("insert into {schema}.job_problem (job_id, row, code, detail, errors) values (@Id, @Row, @Code, @Detail, @errors::jsonb)",
                        new { taken.Id, problem.Row, problem.Code, problem.Detail, errors = problem.Errors is null ? null : JsonSerializer.Serialize(problem.Errors, Json.Options) });
                return true;
            }, ct);
        }
        catch (Exception e) when (taken is not null && !ct.IsCancellationRequested)
        {
            var lasting = !Consumers.IsTransient(e);
            if (lasting) log.LogError(e, "A step of job {Id} ({Kind}) failed, for the {Times}. time", taken.Id, taken.Kind, taken.Failures + 1);
            await db.InTransaction(async tx => // under the lock again: another replica may have gone on meanwhile
            {
                if (await tx.QuerySingle<JobRow>(Job.Select + " where id = @Id and state in ('queued', 'running') and failures = @Failures for update", new { taken.Id, taken.Failures }) is null) return;
                tx.Write("""
                    update {schema}.job set failures = failures + @more, last_error = @error, not_before = now() + make_interval(secs => @pause), stepped_at = clock_timestamp(),
                        state = case when @failed then 'failed' else state end, finished_at = case when @failed then @now end
                    where id = @Id
                    """, new { taken.Id, more = lasting ? 1 : 0, error = e.GetType().Name, pause = Math.Min(60, 0.25 * Math.Pow(2, taken.Failures)), failed = lasting && taken.Failures + 1 >= AttemptsBeforeFailing, now = tx.Now });
            }, ct);
            return true;
        }
    }
}
