using System.Text;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>A column whose values a master key seals. <paramref name="Context"/> is the SQL expression of what is bound to a value.</summary>
internal sealed record SealedColumn(string Table, string[] Keys, string Column, string Context, Func<Vault, byte[], string, byte[]> Reseal);

/// <summary>
/// <c>dotnet X.dll rotate-keys</c>: brings everything that another master key seals under the current one, in batches, while the service
/// runs: readers know both keys, and a value that changed or vanished meanwhile is left to its change. Data keys are
/// re-wrapped, not replaced, so no field is touched. Killed in the middle it goes on where it is called again; the old key can be
/// taken away once it says that nothing is left.
/// </summary>
internal sealed class KeyRotation(NpgsqlDataSource source, ServiceName name, ServiceDefinition definition, Vault vault, TimeProvider clock)
{
    private const int Batch = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5); // leaves the disk to the service

    private IEnumerable<SealedColumn> Columns =>
    [
        new("{schema}.subject_key", ["subject_id"], "wrapped_key", "subject_id::text", static (vault, stored, context) => vault.Rewrap(Guid.Parse(context), stored)),
        new("{schema}.idempotency", ["client_id", "key"], "answer", "client_id || '/' || key", static (vault, stored, context) => vault.SealAnswer(vault.OpenAnswer(stored, context), context)),
        .. definition.Secrets,
    ];

    /// <summary>Passes over every column until one pass finds nothing: what another replica sealed meanwhile is found by the next.</summary>
    /// <returns>How many values were brought under the current key, by column.</returns>
    /// <exception cref="InvalidOperationException">A value bears a key that is not configured.</exception>
    public async Task<Dictionary<string, long>> Run(CancellationToken ct)
    {
        var moved = new Dictionary<string, long>();
        foreach (var column in Columns)
        {
            long total = 0;
            for (long found = 1; found > 0;)
            {
                found = 0;
                object[]? after = null;
                while (true)
                {
                    var rows = await Read(column, after, ct);
                    if (rows.Count == 0) break;
                    total += await Reseal(column, rows, ct);
                    found += rows.Count;
                    after = rows[^1].Keys;
                    await Task.Delay(Pause, clock, ct);
                }
            }
            moved[name.Sql(column.Table)] = total;
        }
        return moved;
    }

    private async Task<List<SealedRow>> Read(SealedColumn column, object[]? after, CancellationToken ct)
    {
        var keys = string.Join(", ", column.Keys);
        var header = vault.CurrentHeader;
        await using var command = source.CreateCommand(name.Sql($"""
            select {keys}, {column.Context} as bound_to, {column.Column} as sealed from {column.Table}
            where {column.Column} is not null and substring({column.Column} from 1 for {header.Length}) <> @header {(after is null ? "" : $"and ({keys}) > ({string.Join(", ", column.Keys.Select((_, i) => $"@k{i}"))})")}
            order by {keys} limit {Batch}
            """));
        command.Parameters.AddWithValue("header", header);
        for (var i = 0; after is not null && i < after.Length; i++) command.Parameters.AddWithValue($"k{i}", after[i]);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<SealedRow>();
        while (await reader.ReadAsync(ct))
            rows.Add(new([.. Enumerable.Range(0, column.Keys.Length).Select(reader.GetValue)], reader.GetString(column.Keys.Length), reader.GetFieldValue<byte[]>(column.Keys.Length + 1)));
        return rows;
    }

    // Compared with what was read: a row that was erased meanwhile does not come back, one that changed is found by the next pass.
    private async Task<long> Reseal(SealedColumn column, List<SealedRow> rows, CancellationToken ct)
    {
        await using var batch = source.CreateBatch();
        foreach (var row in rows)
        {
            var command = new NpgsqlBatchCommand(name.Sql($"update {column.Table} set {column.Column} = @new where ({string.Join(", ", column.Keys)}) = ({string.Join(", ", column.Keys.Select((_, i) => $"@k{i}"))}) and {column.Column} = @old"));
            command.Parameters.AddWithValue("new", column.Reseal(vault, row.Stored, row.Context));
            command.Parameters.AddWithValue("old", row.Stored);
            for (var i = 0; i < row.Keys.Length; i++) command.Parameters.AddWithValue($"k{i}", row.Keys[i]);
            batch.BatchCommands.Add(command);
        }
        try { return await batch.ExecuteNonQueryAsync(ct); } // one implicit transaction
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected) { return 0; } // an erasure went first: the next pass finds what is left
    }

    private sealed record SealedRow(object[] Keys, string Context, byte[] Stored);
}
