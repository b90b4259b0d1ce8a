using System.Data;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BloodPlatform.Contracts;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>
/// The service's own schema. Reads go through Dapper; a change goes through <see cref="InTransaction{T}"/>, whose rows queue
/// up and leave as one batch with the commit: two round trips (read; write and commit), one where nothing is read.
/// </summary>
public sealed class Database(NpgsqlDataSource source, ServiceName service, Request request, TimeProvider clock, RelaySignal relay)
{
    private const int Attempts = 5;

    /// <summary>Keeps the answer of a request that a client may send again.</summary>
    internal const string KeepAnswer = "insert into {schema}.idempotency (client_id, key, fingerprint, answer, created_at) values (@ClientId, @Key, @Fingerprint, @answer, @now)";

    /// <summary>Rows of a query outside any transaction, for answers that change nothing.</summary>
    public async Task<List<T>> Query<T>(string sql, object? args, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, args, cancellationToken: ct))).AsList();
    }

    /// <summary>The one row of a query outside any transaction; null when there is none.</summary>
    public async Task<T?> QuerySingle<T>(string sql, object? args, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<T>(new CommandDefinition(sql, args, cancellationToken: ct));
    }

    /// <summary>
    /// A search among what the caller may see anyway: read and written down in one round trip, both or neither. What is found only the database knows
    /// before it leaves, so the entry's detail is an expression of its own.
    /// </summary>
    /// <param name="detail">A jsonb of ids and codes, never personal data.</param>
    /// <param name="args">An object with properties; the entry's own begin with two underscores.</param>
    public async Task<T> Search<T>(string action, string resource, string detail, string sql, object args, Func<SqlMapper.GridReader, Task<T>> reader, CancellationToken ct)
    {
        var parameters = new DynamicParameters(args);
        parameters.AddDynamicParams(AuditEntry.Of(service, request, Ids.New(clock), clock.GetUtcNow(), action, resource));
        var whole = $"begin;\n{Transaction.KeepPlans}{sql.TrimEnd().TrimEnd(';')};\n{AuditEntry.Insert(detail)};\ncommit";
        await using var connection = await source.OpenConnectionAsync(ct);
        try
        {
            await using var grid = await connection.QueryMultipleAsync(new CommandDefinition(service.Sql(whole), parameters, cancellationToken: ct));
            var result = await reader(grid);
            // Its results are all read, so whatever went wrong behind them has been thrown: an answer without its entry is none.
            return grid.IsConsumed ? result : throw new InvalidOperationException("A search that was not read to its end");
        }
        catch (Exception e) when (e is PostgresException or OperationCanceledException && connection.State == ConnectionState.Open)
        {
            await connection.ExecuteAsync("rollback");
            connection.UnprepareAll(); // as in Transaction.Read
            throw;
        }
    }

    /// <summary>The answer for an id that is not the caller's: 404 at once for another tenant's row, waited for when nobody has it and it is fresh.</summary>
    public async Task<ProblemHttpResult> Unknown(string table, Guid id, CancellationToken ct) =>
        await QuerySingle<bool>($"select exists (select from {table} where id = @id)", new { id }, ct) ? CommonProblems.NotFound.With() : CommonProblems.Unknown(id);

    /// <summary>
    /// Runs the work in one READ COMMITTED transaction and commits what it queued, its events, its audit entries and the stored
    /// idempotent answer with it. A result that is a rejection (status 400 and up) commits nothing. Serialisation failures and
    /// deadlocks (40001, 40P01) run the work again, so it must have no effect but through the transaction.
    /// </summary>
    /// <exception cref="IdempotentReplay">The same request was answered before; the chassis sends that answer.</exception>
    /// <exception cref="PostgresException">A constraint that the service maps to no rejection.</exception>
    public async Task<T> InTransaction<T>(Func<Transaction, Task<T>> work, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var connection = await source.OpenConnectionAsync(ct);
            await using var dbTransaction = await connection.BeginTransactionAsync(ct);
            var tx = new Transaction(connection, dbTransaction, service, request, clock, ct);
            try
            {
                var result = await work(tx);
                if (Answers.StatusOf(result) >= 400) return result; // disposing rolls back: a rejection writes nothing
                if (request.Idempotency is { } once && result is IResult answer)
                    tx.WriteFirst(KeepAnswer, new { once.ClientId, once.Key, once.Fingerprint, answer = await once.Capture(answer), now = clock.GetUtcNow() });
                await tx.Commit();
                if (tx.HasEvents) relay.Wake();
                return result;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                if (Activity.Current is { } span) span.AddEvent(new ActivityEvent("transaction retried"));
            }
            catch (PostgresException e) when (e.ConstraintName == "idempotency_once" && request.Idempotency is not null)
            {
                // A twin committed first. Its answer is ours.
                await dbTransaction.RollbackAsync(ct);
                var stored = await connection.QuerySingleAsync<StoredAnswer>(new CommandDefinition(
                    service.Sql(StoredAnswer.ByKey), new { __client = request.Idempotency.ClientId, __key = request.Idempotency.Key }, cancellationToken: ct));
                throw new IdempotentReplay(request.Idempotency.Open(stored));
            }
        }
    }

    /// <summary>As <see cref="InTransaction{T}"/>, for work that has no answer.</summary>
    public Task InTransaction(Func<Transaction, Task> work, CancellationToken ct) =>
        InTransaction(async tx => { await work(tx); return 0; }, ct);
}

/// <summary>One transaction: reads at once, writes queued. Made by <see cref="Database"/> and by the consumers' inbox only.</summary>
public sealed class Transaction
{
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction dbTransaction;
    private readonly ServiceName service;
    private readonly Request request;
    private readonly CancellationToken ct;
    private readonly List<(string Sql, object? Args, int? Rows)> writes = [];
    private readonly List<(string Sql, object? Args, int? Rows)> last = [];
    private readonly List<DomainEvent> events = [];
    private bool idempotencyLookedUp, plansKept;

    /// <summary>
    /// What a change reads it reads by keys, at a known cost: one plan per connection, made once. The server's own habit is to plan a
    /// statement anew five times on each connection before it keeps a plan, and some of ours cost more to plan than to run for ever.
    /// Searches, which are outside any transaction or change nothing, are planned for what is searched.
    /// </summary>
    public const string KeepPlans = "set local plan_cache_mode = force_generic_plan;\n";

    /// <summary>An event among what the relay will send.</summary>
    internal const string KeepEvent = """
        insert into {schema}.outbox (recorded_at, event_id, type, key, version, payload, trace_parent)
        values (@RecordedAt, @EventId, @type, @Key, @Version, @payload::jsonb, @trace)
        """;

    /// <summary>Several in one statement, in their order: a look-back, or what expired at midnight, has many.</summary>
    private const string KeepEvents = """
        insert into {schema}.outbox (recorded_at, event_id, type, key, version, payload, trace_parent)
        select e.recorded_at, e.event_id, e.type, e.key, e.version, e.payload::jsonb, @trace
        from unnest(@recordedAt, @eventId, @type, @key, @version, @payload) with ordinality e(recorded_at, event_id, type, key, version, payload, n) order by e.n
        """;

    internal Transaction(NpgsqlConnection connection, NpgsqlTransaction dbTransaction, ServiceName service, Request request, TimeProvider clock, CancellationToken ct)
    {
        (this.connection, this.dbTransaction, this.service, this.request, this.ct) = (connection, dbTransaction, service, request, ct);
        Clock = clock;
        var now = clock.GetUtcNow();
        Now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        idempotencyLookedUp = request.Idempotency is null;
        plansKept = request.Idempotency is null; // no change that a client may repeat, or a consumer's, which has said it already
    }

    /// <summary>One instant for the whole transaction, as fine as PostgreSQL keeps it: an answer and a later read say the same.</summary>
    public DateTimeOffset Now { get; }

    internal TimeProvider Clock { get; }

    internal bool HasEvents => events.Count > 0;

    /// <summary>A new id, version 7.</summary>
    public Guid NewId() => Ids.New(Clock);

    /// <summary>The one row, or null. Lock what you are about to change: <c>for update</c>.</summary>
    public Task<T?> QuerySingle<T>(string sql, object? args = null) =>
        Read(sql, args, async grid => await grid.ReadSingleOrDefaultAsync<T>());

    public Task<List<T>> Query<T>(string sql, object? args = null) =>
        Read(sql, args, async grid => (await grid.ReadAsync<T>()).AsList());

    /// <inheritdoc cref="Database.Unknown"/>
    public async Task<ProblemHttpResult> Unknown(string table, Guid id) =>
        await QuerySingle<bool>($"select exists (select from {table} where id = @id)", new { id }) ? CommonProblems.NotFound.With() : CommonProblems.Unknown(id);

    /// <summary>Several statements in one round trip; the reader takes their results in order.</summary>
    public async Task<T> Read<T>(string sql, object? args, Func<SqlMapper.GridReader, Task<T>> reader)
    {
        sql = service.Sql(sql);
        if (!plansKept) sql = KeepPlans + sql;
        plansKept = true;
        var (lookUp, withKey) = (!idempotencyLookedUp, args);
        if (lookUp)
        {
            // The look-up rides behind the first read: after its row lock, so that a twin's commit is seen.
            idempotencyLookedUp = true;
            var parameters = new DynamicParameters(args);
            parameters.Add("__client", request.Idempotency!.ClientId);
            parameters.Add("__key", request.Idempotency.Key);
            (sql, withKey) = (sql.TrimEnd().TrimEnd(';') + ";\n" + service.Sql(StoredAnswer.ByKey), parameters);
        }
        try
        {
            await using var grid = await connection.QueryMultipleAsync(new CommandDefinition(sql, withKey, dbTransaction, cancellationToken: ct));
            var result = await reader(grid);
            if (lookUp && await grid.ReadSingleOrDefaultAsync<StoredAnswer>() is { } stored) throw new IdempotentReplay(request.Idempotency!.Open(stored));
            return result;
        }
        catch (Exception e) when (e is PostgresException or OperationCanceledException && connection.State == ConnectionState.Open)
        {
            // Where the server refuses among a statement's rows (a deadlock, a client gone), the driver (Npgsql 10.0) goes on believing that the statements
            // behind it were prepared: each later use of one on this connection would fail with 26000, somebody else's first of all.
            await dbTransaction.RollbackAsync(CancellationToken.None);
            connection.UnprepareAll();
            throw;
        }
    }

    /// <summary>Queues a statement; just before the commit it must touch exactly <paramref name="rows"/> rows, else nothing is committed.</summary>
    public void Write(string sql, object? args = null, int rows = 1) => writes.Add((sql, args, rows));

    /// <summary>Queues a statement that may touch any number of rows: upserts that ignore what is older, sweeps.</summary>
    public void WriteAny(string sql, object? args = null) => writes.Add((sql, args, null));

    /// <summary>
    /// Queues a statement behind all others, the events' too: for a row that everybody wants, so that its lock is held for the flush only. What locks several such
    /// rows locks them in one order.
    /// </summary>
    public void WriteLast(string sql, object? args = null) => last.Add((sql, args, 1));

    internal void WriteFirst(string sql, object? args) => writes.Insert(0, (sql, args, 1));

    /// <summary>Queues an event: it leaves if and only if this transaction commits.</summary>
    public void Append(DomainEvent @event) => events.Add(@event with
    {
        EventId = @event.EventId == Guid.Empty ? NewId() : @event.EventId,
        RecordedAt = @event.RecordedAt == default ? Now : @event.RecordedAt,
    });

    /// <summary>Queues a job of a kind that the service runs (<see cref="Jobs"/>); the caller's role and tenant may ask how far it is.</summary>
    /// <returns>Its id.</returns>
    public Guid StartJob(string kind, object input)
    {
        var id = NewId();
        Write("insert into {schema}.job (id, kind, role, tenant_id, input, created_at) values (@id, @kind, @Role, @TenantId, @input::jsonb, @now)",
            new { id, kind, request.Caller?.Role, request.Caller?.TenantId, input = JsonSerializer.Serialize(input, Json.Options), now = Now });
        return id;
    }

    /// <summary>Queues an audit entry of the current caller. Details carry ids and codes, never personal data.</summary>
    public void Audit(string action, string resource, object? detail = null) =>
        WriteAny(AuditEntry.Insert("@__detail::jsonb"), AuditEntry.Of(service, request, NewId(), Now, action, resource) with { __detail = JsonSerializer.Serialize(detail ?? new { }, Json.Options) });

    /// <summary>
    /// Sends everything queued as one batch with its commit: locks are held for no further round trip. The server looks at the counts of rows itself.
    /// </summary>
    internal async Task Commit()
    {
        if (events.Count > 3)
        {
            T[] Each<T>(Func<DomainEvent, T> of) => [.. events.Select(of)];
            writes.Add((KeepEvents, new
            {
                recordedAt = Each(e => e.RecordedAt), eventId = Each(e => e.EventId), type = Each(e => EventTypes.NameOf(e.GetType())), key = Each(e => e.Key), version = Each(e => e.Version),
                payload = Each(e => JsonSerializer.Serialize(e, e.GetType(), Json.Options)), trace = Activity.Current?.Id,
            }, events.Count));
        }
        else foreach (var e in events)
            writes.Add((KeepEvent, new { e.RecordedAt, e.EventId, type = EventTypes.NameOf(e.GetType()), e.Key, e.Version, payload = JsonSerializer.Serialize(e, e.GetType(), Json.Options), trace = Activity.Current?.Id }, 1));
        writes.AddRange(last);
        if (writes.Count == 0)
        {
            await dbTransaction.CommitAsync(ct);
            return;
        }
        await using var batch = new NpgsqlBatch(connection, dbTransaction);
        var commits = true;
        foreach (var (sql, args, rows) in writes)
        {
            var counted = rows is null || IsOneRow(sql) && rows == 1 ? sql : Counted(sql, rows.Value);
            commits &= counted is not null;
            var command = new NpgsqlBatchCommand(service.Sql(counted ?? sql));
            BatchParameters.AddTo(command, args);
            batch.BatchCommands.Add(command);
        }
        if (commits) batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        try { await batch.ExecuteNonQueryAsync(ct); }
        catch (PostgresException e) when (e.SqlState == OtherRows) { throw new InvalidOperationException($"{e.MessageText}: {e.BatchCommand?.CommandText}", e); }
        if (commits) return;
        for (var i = 0; i < writes.Count; i++)
            if (writes[i].Rows is { } expected && StartsWith(writes[i].Sql, "with") && (int)batch.BatchCommands[i].RecordsAffected != expected)
                throw new InvalidOperationException($"A write touched {batch.BatchCommands[i].RecordsAffected} rows where {expected} must be: {writes[i].Sql}");
        await dbTransaction.CommitAsync(ct);
    }

    private const string OtherRows = "BP001"; // Migrations/C0003

    /// <summary>An insert of one list of values: that it touches one row needs no look.</summary>
    private static bool IsOneRow(string sql) => StartsWith(sql, "insert") && !sql.Contains("on conflict", StringComparison.OrdinalIgnoreCase) && !sql.Contains("select", StringComparison.OrdinalIgnoreCase);

    /// <summary>The statement with its count looked at; null where it has a `with` of its own, which PostgreSQL takes at the top only.</summary>
    private static string? Counted(string sql, int rows) => StartsWith(sql, "with") ? null
        : string.Create(CultureInfo.InvariantCulture, $"with touched as ({sql.TrimEnd().TrimEnd(';')} returning 1) select {{schema}}.rows_must_be((select count(*) from touched), {rows})");

    private static bool StartsWith(string sql, string word) => sql.AsSpan().TrimStart().StartsWith(word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>An entry of the audit: who did what to which resource, for whom.</summary>
internal sealed record AuditEntry(Guid __entry, DateTimeOffset __at, string __client, Guid? __tenant, Guid? __staff, string __action, string __resource, string? __trace, string? __detail = null)
{
    /// <param name="detail">An expression that is a jsonb.</param>
    public static string Insert(string detail) => $$"""
        insert into {schema}.audit (id, at, client_id, tenant_id, staff_id, action, resource, detail, trace_id)
        values (@__entry, @__at, @__client, @__tenant, @__staff, @__action, @__resource, {{detail}}, @__trace)
        """;

    public static AuditEntry Of(ServiceName service, Request request, Guid id, DateTimeOffset at, string action, string resource) =>
        new(id, at, request.Caller?.ClientId ?? service.Name, request.Caller?.TenantId, request.Caller?.Staff?.Id, action, resource, Activity.Current?.TraceId.ToString());
}

/// <summary>The service's name, which is also its schema and its queue.</summary>
public sealed record ServiceName(string Name)
{
    /// <summary>Puts the schema into the chassis' own statements; a service writes its schema out.</summary>
    internal string Sql(string sql) => sql.Replace("{schema}", Name, StringComparison.Ordinal);
}
