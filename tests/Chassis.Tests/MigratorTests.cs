using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BloodPlatform.Chassis.Tests;

public sealed class MigratorTests
{
    private static readonly ServiceName Donor = new("donor");
    private static readonly MigrationFile First = new("V0001__first.sql", "create table {schema}.first (id int)");
    private static readonly MigrationFile Second = new("V0002__second.sql", "create table {schema}.second (id int)");

    private static Task<int> Run(TestDatabase database, params MigrationFile[] files) => Migrator.Migrate(database.Owner("donor"), Donor, files, NullLogger.Instance, CancellationToken.None);

    [Fact]
    public async Task A_fresh_schema_gets_every_file_and_a_second_run_none()
    {
        await using var database = await Servers.CreateDatabase("donor");
        Assert.Equal(2, await Run(database, First, Second));
        Assert.Equal(0, await Run(database, First, Second));
        Assert.Equal(["V0001__first.sql", "V0002__second.sql"], await database.Query<string>("select name from donor.schema_migration order by name"));
    }

    [Fact]
    public async Task Two_at_once_do_the_work_once()
    {
        await using var database = await Servers.CreateDatabase("donor");
        var counts = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Run(database, First, Second)));
        Assert.Equal(2, counts.Sum());
    }

    [Fact]
    public async Task An_edited_file_is_refused_and_nothing_runs()
    {
        await using var database = await Servers.CreateDatabase("donor");
        await Run(database, First);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Run(database, First with { Sql = First.Sql + " -- edited" }, Second));
        Assert.Contains("V0001__first.sql", refused.Message);
        Assert.Equal(1, await database.Scalar<long>("select count(*) from donor.schema_migration"));
    }

    [Fact]
    public async Task An_older_release_refuses_a_newer_database()
    {
        await using var database = await Servers.CreateDatabase("donor");
        await Run(database, First, Second);
        Assert.Contains("older than the database", (await Assert.ThrowsAsync<InvalidOperationException>(() => Run(database, First))).Message);
    }

    [Fact]
    public async Task A_failing_file_leaves_nothing_of_itself()
    {
        await using var database = await Servers.CreateDatabase("donor");
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => Run(database, First, new MigrationFile("V0002__broken.sql", "create table {schema}.half (id int); select 1/0")));
        Assert.Equal(["V0001__first.sql"], await database.Query<string>("select name from donor.schema_migration"));
        Assert.Null(await database.Scalar<string?>("select to_regclass('donor.half')::text"));
    }

    [Fact]
    public async Task The_embedded_files_of_chassis_and_service_run_in_order()
    {
        await using var database = await Servers.CreateDatabase("donor");
        await Migrator.Migrate(database.Owner("donor"), Donor, Assembly.GetExecutingAssembly(), NullLogger.Instance, CancellationToken.None);
        Assert.Equal(["C0001__chassis.sql", "C0002__jobs.sql", "C0003__rows_must_be.sql", "V0001__probe.sql"], await database.Query<string>("select name from donor.schema_migration order by applied_at"));
    }
}
