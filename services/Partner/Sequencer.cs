using BloodPlatform.Chassis;
using Dapper;
using Npgsql;

namespace BloodPlatform.Partners;

/// <summary>
/// Gives the feed its order: 1, 2, 3 … without a hole that could fill in later. Consumers only add rows, in parallel; this places
/// committed rows in batches, and whoever holds the head row's lock is the one who does (skip locked: any replica may, none
/// waits). Within a subject rows go by version; for that a row is placed only after it has settled: a moment has passed, and every
/// transaction that was under way when it was written has ended. It also waits, a few seconds at most, for the facts that tell
/// whose it is (its donor, drive, station): else a reader whose position has passed it would never see it.
/// </summary>
public sealed class Sequencer(NpgsqlDataSource source, FeedHead head, ILogger<Sequencer> log) : BackgroundService
{
    private const int BatchSize = 20_000;
    private static readonly TimeSpan LookOften = TimeSpan.FromMilliseconds(100); // rows settle for five times as long
    private static readonly TimeSpan LookSeldom = TimeSpan.FromMilliseconds(500);

    /// <summary>How long siblings handled in parallel, perhaps by another replica, may take to show up.</summary>
    public static readonly TimeSpan Settles = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a row waits at most, whatever is missing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // After an outage of the database the consumers come back one by one, each after its own pause of up to five seconds.
    private static readonly TimeSpan SettlesAfterOutage = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan OutageLingers = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        long? outage = null;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var state = await Look(stopping);
                head.Saw(state.Last);
                var calm = outage is not { } at || TimeProvider.System.GetElapsedTime(at) > OutageLingers;
                var placed = !state.Waiting ? 0 : await Place(calm ? Settles : SettlesAfterOutage, calm ? Patience : OutageLingers, stopping);
                if (placed < BatchSize) await Task.Delay(head.MoreExpected || state.Waiting ? LookOften : LookSeldom, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested) { return; }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                outage = TimeProvider.System.GetTimestamp();
                log.LogWarning("The feed waits: {Reason}", (e as PostgresException)?.MessageText ?? e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(1), stopping);
            }
        }
    }

    /// <summary>Places what has settled and returns how many; 0 also when another replica is at it.</summary>
    public async Task<int> Place(TimeSpan settles, TimeSpan patience, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition("select last from partner.feed_head for update skip locked", transaction: transaction, cancellationToken: ct)) is not { } last) return 0;

        // A statement of its own: its snapshot must be taken under the lock, or rows another replica has just placed look unplaced.
        // One pass over what waits, and no join: how many wait is never what statistics of some other moment say, and a plan made
        // for "none" compares each with each.
        var settled = await connection.QuerySingleAsync<Guid[]>(new CommandDefinition("""
            with waiting as (
                select f.event_id, f.source, f.subject, f.version, f.consumed_at,
                       f.consumed_at <= clock_timestamp() - @patience
                       or (f.consumed_at <= clock_timestamp() - @settles and f.xid < pg_snapshot_xmin(pg_current_snapshot())
                           and (f.donor_id is null or exists (select from partner.donor d where d.id = f.donor_id))
                           and (f.drive_id is null or exists (select from partner.drive d where d.id = f.drive_id))
                           and (f.organisation_id is null or exists (select from partner.organisation o where o.id = f.organisation_id))
                           and (f.station_id is null or exists (select from partner.organisation o where o.id = f.station_id))) as settled
                from partner.feed f where f.sequence is null),
            ordered as (
                select *, bool_and(settled) over subject_so_far as may_go, max(consumed_at) over subject_so_far as turn
                from waiting window subject_so_far as (partition by source, subject order by version, event_id)),
            next as (
                select event_id, row_number() over (order by turn, source, subject, version, event_id) as n from ordered where may_go order by n limit @BatchSize)
            select coalesce(array_agg(event_id order by n), '{}') from next
            """, new { settles, patience, BatchSize }, transaction, cancellationToken: ct));
        if (settled.Length == 0) return 0;
        var placed = await connection.ExecuteAsync(new CommandDefinition(
            "update partner.feed f set sequence = @last + turn.n from unnest(@settled) with ordinality as turn (event_id, n) where f.event_id = turn.event_id",
            new { last, settled }, transaction, cancellationToken: ct));
        if (placed != settled.Length) throw new InvalidOperationException($"{settled.Length} rows of the feed were to be placed, {placed} were");
        await connection.ExecuteAsync(new CommandDefinition("update partner.feed_head set last = @last + @placed", new { last, placed }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        head.Saw(last + placed);
        return placed;
    }

    private async Task<FeedState> Look(CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<FeedState>(new CommandDefinition("select last, exists (select from partner.feed where sequence is null) as waiting from partner.feed_head", cancellationToken: ct));
    }

    private sealed record FeedState(long Last, bool Waiting);
}
