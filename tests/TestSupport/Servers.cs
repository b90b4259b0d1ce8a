using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using System.Text;
using Dapper;
using Npgsql;

namespace BloodPlatform.TestSupport;

/// <summary>The servers that deploy/test started. A missing one is a failure, never a silent skip.</summary>
public static class Servers
{
    /// <summary>Superuser's connection string to the maintenance database.</summary>
    public static string Postgres => Need("TEST_POSTGRES");

    public static Uri Broker => new(Need("TEST_BROKER"));

    public static Uri BrokerManagement => new(Need("TEST_BROKER_MANAGEMENT"));

    /// <summary>Runs rabbitmqctl against the test node.</summary>
    public static string Rabbitmqctl => Need("TEST_RABBITMQCTL");

    private static string Need(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
        : throw new InvalidOperationException($"{name} is not set. Run the tests with deploy/test, which starts PostgreSQL and RabbitMQ of its own.");

    /// <summary>A database of its own with the named services' roles and schemas, made by the same SQL as deploy/up's.</summary>
    public static async Task<TestDatabase> CreateDatabase(params string[] services)
    {
        var database = "t_" + Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8)).ToLowerInvariant();
        await Superuser(Postgres, $"create database {database}");
        var inside = new NpgsqlConnectionStringBuilder(Postgres) { Database = database, Pooling = false };
        var connections = new Dictionary<string, (string Service, string Owner)>();
        // Roles belong to the whole server, so parallel runs share them; the passwords are the tests' own.
        foreach (var service in services)
        {
            await Superuser(inside.ConnectionString, Template().Replace("{service}", service, StringComparison.Ordinal).Replace("{password}", "test", StringComparison.Ordinal).Replace("{owner_password}", "test", StringComparison.Ordinal).Replace("{database}", database, StringComparison.Ordinal));
            string As(string role) => new NpgsqlConnectionStringBuilder(Postgres) { Database = database, Username = role, Password = "test", MaxPoolSize = 40 }.ConnectionString;
            connections[service] = (As(service), As(service + "_owner"));
        }
        return new TestDatabase(database, inside.ConnectionString, connections);
    }

    /// <summary>A virtual host of its own on the test broker.</summary>
    public static async Task<TestBroker> CreateVirtualHost()
    {
        var name = "t_" + Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8)).ToLowerInvariant();
        using var http = Management();
        (await http.PutAsync($"api/vhosts/{name}", null)).EnsureSuccessStatusCode();
        var user = Uri.UnescapeDataString(Broker.UserInfo.Split(':')[0]);
        (await http.PutAsJsonAsync($"api/permissions/{name}/{user}", new { configure = ".*", write = ".*", read = ".*" })).EnsureSuccessStatusCode();
        return new TestBroker(name, new UriBuilder(Broker) { Path = name }.Uri);
    }

    /// <summary>A client of the broker's management address.</summary>
    public static HttpClient Management() => new()
    {
        BaseAddress = BrokerManagement,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(Broker.UserInfo)))) },
    };

    internal static async Task Superuser(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await connection.ExecuteAsync(sql, commandTimeout: 120);
    }

    private static string Template()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("service.sql")!);
        return reader.ReadToEnd();
    }
}

/// <summary>A database of one test class; dropped at its end.</summary>
public sealed class TestDatabase(string name, string superuser, Dictionary<string, (string Service, string Owner)> connections) : IAsyncDisposable
{
    public string Name => name;

    public string Superuser => superuser;

    public string Service(string service) => connections[service].Service;

    public string Owner(string service) => connections[service].Owner;

    public async Task<T> Scalar<T>(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(superuser);
        return (await connection.ExecuteScalarAsync<T>(sql, args))!;
    }

    public async Task<List<T>> Query<T>(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(superuser);
        return (await connection.QueryAsync<T>(sql, args)).AsList();
    }

    public async Task Execute(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(superuser);
        await connection.ExecuteAsync(sql, args);
    }

    public async ValueTask DisposeAsync() => await Servers.Superuser(Servers.Postgres, $"drop database if exists {name} with (force)");
}

/// <summary>A virtual host of one test class.</summary>
public sealed record TestBroker(string Name, Uri Uri) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        using var http = Servers.Management();
        await http.DeleteAsync($"api/vhosts/{Name}");
    }
}
