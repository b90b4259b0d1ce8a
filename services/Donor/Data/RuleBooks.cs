using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;
using Dapper;
using Npgsql;

namespace BloodPlatform.Donors.Data;

/// <summary>
/// The newest rule book, kept in memory and never trusted for long: whoever decides reads the highest published position in the
/// same round trip as the donor, and a book that is older is loaded anew before anything is decided. So no replica decides by an
/// old set, and nobody pays for it but the first after a publication.
/// </summary>
public sealed class RuleBooks(IConfiguration configuration)
{
    /// <summary>A statement for a read's batch; its one row goes to <see cref="At"/>.</summary>
    public const string Position = "select coalesce(max(position), 0) as position from donor.rule_set;";

    /// <summary>Held while a version is published. Who judges somebody that has no row to lock yet (a registration) takes it shared, and so is before or after a publication, never beside it.</summary>
    public const string LockShared = "select 1 from pg_advisory_xact_lock_shared(hashtextextended('donor.rules', 0));";

    public const string Lock = "select 1 from pg_advisory_xact_lock(hashtextextended('donor.rules', 0));";

    private readonly SemaphoreSlim one = new(1);
    private volatile RuleBook newest = RuleBook.OfRelease;

    /// <summary>The book that is in memory, perhaps a moment old: for texts, never for a decision.</summary>
    public RuleBook Remembered => newest;

    /// <summary>The book that holds everything up to the position.</summary>
    public async ValueTask<RuleBook> At(long position)
    {
        if (newest.Position >= position) return newest;
        await one.WaitAsync();
        try
        {
            if (newest.Position >= position) return newest;
            // A connection of its own: those of the pool may all be held by transactions that wait here.
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("Service")) { Pooling = false }.ConnectionString);
            var rows = (await connection.QueryAsync<Row>("select position, document::text as document from donor.rule_set order by position")).AsList();
            return newest = new RuleBook(rows[^1].Position, [.. rows.Select(r => RuleBook.Parse(r.Document))], RuleBook.OfRelease.Questionnaires);
        }
        finally { one.Release(); }
    }

    /// <summary>The newest book, for answers that read nothing else.</summary>
    public async Task<RuleBook> Newest(Database db, CancellationToken ct) => await At(await db.QuerySingle<long>(Position, null, ct));

    private sealed record Row(long Position, string Document);
}
