using System.Diagnostics;
using Dapper;
using Npgsql;

namespace BloodPlatform.Audit;

/// <summary>What became of one invariant.</summary>
/// <param name="LookedAt">How much was examined; null when it could not be.</param>
/// <param name="Examples">Up to five violating rows.</param>
/// <param name="Unknown">Why it could not be judged.</param>
public sealed record Finding(Invariant Invariant, long? LookedAt, long Violations, IReadOnlyList<string> Examples, string? Unknown)
{
    public bool Holds => Unknown is null && Violations == 0;
}

/// <summary>Reads the five schemas, the broker and the list of listeners; changes nothing.</summary>
public static class Auditor
{
    public const int ExamplesShown = 5;

    /// <summary>Judges every invariant on one snapshot: the connection's open transaction, which is best REPEATABLE READ and is left open.</summary>
    public static async Task<List<Finding>> Judge(NpgsqlConnection connection, Broker? broker, Listeners? listeners, CancellationToken ct)
    {
        List<Finding> findings = [];
        foreach (var invariant in Invariant.All)
        {
            if (invariant.Needs.HasFlag(Needs.Broker) && broker is null) { findings.Add(new(invariant, null, 0, [], "the broker could not be asked")); continue; }
            if (invariant.Needs.HasFlag(Needs.Listeners) && listeners is null) { findings.Add(new(invariant, null, 0, [], "docs/events.md could not be read")); continue; }
            findings.Add(await Judge(connection, invariant, Given(broker, listeners), ct));
        }
        return findings;
    }

    private static async Task<Finding> Judge(NpgsqlConnection connection, Invariant invariant, object given, CancellationToken ct)
    {
        await connection.ExecuteAsync("savepoint invariant");
        try
        {
            var lookedAt = await connection.ExecuteScalarAsync<long>(new CommandDefinition($"{Prelude.Sql} {invariant.LookedAt}", given, commandTimeout: 600, cancellationToken: ct));
            var rows = (await connection.QueryAsync(new CommandDefinition($"{Prelude.Sql} select count(*) over () as violations, v.* from ({invariant.Violations}) v limit {ExamplesShown}", given, commandTimeout: 600, cancellationToken: ct)))
                .Cast<IDictionary<string, object?>>().ToList();
            await connection.ExecuteAsync("release savepoint invariant");
            return new(invariant, lookedAt, rows.Count == 0 ? 0 : (long)rows[0]["violations"]!, [.. rows.Select(r => string.Join("  ", r.Skip(1).Select(c => $"{c.Key}={Text(c.Value)}")))], null);
        }
        catch (PostgresException e)
        {
            await connection.ExecuteAsync("rollback to savepoint invariant");
            return new(invariant, null, 0, [], $"{e.SqlState} {e.MessageText}"); // a schema that has changed, a table that may not be read
        }
    }

    /// <summary>
    /// Waits until nothing is on its way: outboxes sent, queues empty, the feed placed, the events of the last minutes taken in by
    /// their listeners; twice in a row with nothing new between. Null when it is so, else what was still moving when the time was over.
    /// </summary>
    public static async Task<string?> WaitForRest(NpgsqlConnection connection, Func<Task<Broker?>> readBroker, Listeners? listeners, TimeSpan patience, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        (long, long)? before = null;
        while (true)
        {
            var broker = await readBroker();
            var now = await connection.QuerySingleAsync<Motion>(new CommandDefinition($"""
                {Prelude.Sql}
                select (select count(*) from outbox where published_at is null and parked_at is null) as unsent,
                       (select count(*) from partner.feed where sequence is null) as unplaced,
                       (select count(*) from outbox o join listener l on l.type = o.type where o.published_at > now() - interval '10 minutes'
                           and not exists (select from inbox i where i.service = l.queue and i.message_id = o.event_id)
                           and not exists (select from parked p where p.service = l.queue and p.message_id = o.event_id)) as unheard,
                       (select count(*) from outbox) as said, (select count(*) from inbox) as heard
                """, Given(broker, listeners), cancellationToken: ct));
            var queued = broker is { Empty: false };
            var still = now is { Unsent: 0, Unplaced: 0, Unheard: 0 } && !queued;
            if (still && before == (now.Said, now.Heard)) return null;
            before = still ? (now.Said, now.Heard) : null;
            if (Stopwatch.GetElapsedTime(started) >= patience)
                return still ? "events still arrive" : $"{now.Unsent} events not sent, {now.Unheard} not taken in, {now.Unplaced} not placed in the feed, queues {(queued ? "not empty" : "empty")}";
            await Task.Delay(TimeSpan.FromMilliseconds(250), ct);
        }
    }

    private static object Given(Broker? broker, Listeners? listeners) => new
    {
        listenerTypes = listeners?.Pairs.Select(p => p.Type).ToArray() ?? [],
        listenerQueues = listeners?.Pairs.Select(p => p.Service).ToArray() ?? [],
        documentedTypes = listeners?.Types.ToArray() ?? [],
        queueNames = broker?.Queues.Select(q => q.Name).ToArray() ?? [],
        queueMessages = broker?.Queues.Select(q => q.Messages).ToArray() ?? [],
        bindingSources = broker?.Bindings.Select(b => b.Source).ToArray() ?? [],
        bindingDestinations = broker?.Bindings.Select(b => b.Destination).ToArray() ?? [],
        bindingKinds = broker?.Bindings.Select(b => b.Kind).ToArray() ?? [],
    };

    private static string Text(object? value) => value switch
    {
        null => "-",
        DateTime instant => instant.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "-",
    };

    private sealed record Motion(long Unsent, long Unplaced, long Unheard, long Said, long Heard);
}
