using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>
/// Embedded SQL files, forward only: C0001__….sql of the chassis, then V0001__….sql of the service. One transaction each under
/// an advisory lock, so two at once do the work once; a file that changed after it ran is refused.
/// </summary>
public static class Migrator
{
    /// <summary>Runs what has not run yet, as the schema's owner, and says how many files that were.</summary>
    /// <exception cref="InvalidOperationException">A file was edited after it had run, or one that ran is gone.</exception>
    public static async Task<int> Migrate(string ownerConnectionString, ServiceName service, Assembly serviceAssembly, ILogger log, CancellationToken ct) =>
        await Migrate(ownerConnectionString, service, [.. Files(typeof(Migrator).Assembly), .. Files(serviceAssembly)], log, ct);

    internal static async Task<int> Migrate(string ownerConnectionString, ServiceName service, IReadOnlyList<MigrationFile> files, ILogger log, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ownerConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(ct);
        await connection.ExecuteAsync("select pg_advisory_lock(hashtextextended(@lock, 0))", new { @lock = $"{service.Name}.migrate" });
        await connection.ExecuteAsync(service.Sql("create table if not exists {schema}.schema_migration (name text primary key, checksum text not null, applied_at timestamptz not null default now())"));
        var applied = (await connection.QueryAsync<(string Name, string Checksum)>(service.Sql("select name, checksum from {schema}.schema_migration"))).ToDictionary(m => m.Name, m => m.Checksum);

        foreach (var file in files)
            if (applied.TryGetValue(file.Name, out var checksum) && checksum != file.Checksum)
                throw new InvalidOperationException($"Migration {file.Name} of {service.Name} was edited after it had run. Restore the file and write a new migration instead.");
        if (applied.Keys.Except(files.Select(f => f.Name)).FirstOrDefault() is { } gone)
            throw new InvalidOperationException($"Migration {gone} has run in {service.Name} but is not part of this release: this release is older than the database.");

        var count = 0;
        foreach (var file in files.Where(f => !applied.ContainsKey(f.Name)))
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await connection.ExecuteAsync(new CommandDefinition(service.Sql(file.Sql), transaction: transaction, commandTimeout: 0, cancellationToken: ct));
            await connection.ExecuteAsync(service.Sql("insert into {schema}.schema_migration (name, checksum) values (@Name, @Checksum)"), new { file.Name, file.Checksum }, transaction);
            await transaction.CommitAsync(ct);
            log.LogInformation("Migrated {Schema}: {File}", service.Name, file.Name);
            count++;
        }
        return count;
    }

    private static IEnumerable<MigrationFile> Files(Assembly assembly) => assembly.GetManifestResourceNames()
        .Where(n => Regex.IsMatch(n, @"^Migrations/[CV]\d{4}__[a-z0-9_]+\.sql$"))
        .Order(StringComparer.Ordinal)
        .Select(n =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(n)!, Encoding.UTF8);
            return new MigrationFile(Path.GetFileName(n), reader.ReadToEnd());
        });
}

internal sealed record MigrationFile(string Name, string Sql)
{
    public string Checksum => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));
}
