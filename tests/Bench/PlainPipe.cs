using Dapper;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BloodPlatform.Bench;

/// <summary>The reference: a row is committed, its id is published with confirm to a quorum queue, a consumer commits a row. Nothing else.</summary>
internal static class PlainPipe
{
    private const string Queue = "bench";

    public static async Task<double[]> Measure(string superuser, Uri broker, int rate, int seconds)
    {
        var count = rate * seconds;
        Console.WriteLine($"reference: {count} rows at {rate}/s");
        await using var source = NpgsqlDataSource.Create(superuser);
        await Execute(source, "create schema if not exists bench; drop table if exists bench.sent, bench.heard; create table bench.sent (id int primary key); create table bench.heard (id int primary key)");
        await using var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await using var listening = await connection.CreateChannelAsync();
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, arguments: new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        try
        {
            var consumer = new AsyncEventingBasicConsumer(listening);
            consumer.ReceivedAsync += async (_, message) =>
            {
                await Execute(source, "insert into bench.heard values (@id)", new { id = BitConverter.ToInt32(message.Body.Span) });
                await listening.BasicAckAsync(message.DeliveryTag, false);
            };
            await listening.BasicQosAsync(0, 32, false);
            await listening.BasicConsumeAsync(Queue, autoAck: false, consumer);
            await Pace.At(rate, count, async i =>
            {
                await Execute(source, "insert into bench.sent values (@i)", new { i });
                await channel.BasicPublishAsync("", Queue, mandatory: true, new BasicProperties { Persistent = true }, BitConverter.GetBytes(i));
            });
            await using var database = await source.OpenConnectionAsync();
            var deadline = TimeProvider.System.GetUtcNow().AddSeconds(60);
            while (await database.ExecuteScalarAsync<long>("select count(*) from bench.heard") < count)
            {
                if (TimeProvider.System.GetUtcNow() > deadline) throw new TimeoutException("The reference did not finish within 60 s");
                await Task.Delay(50);
            }
            return [.. await database.QueryAsync<double>("select extract(epoch from pg_xact_commit_timestamp(h.xmin) - pg_xact_commit_timestamp(s.xmin))::float8 * 1000 from bench.sent s join bench.heard h using (id) order by 1")];
        }
        finally
        {
            await channel.QueueDeleteAsync(Queue);
            await Execute(source, "drop schema bench cascade");
        }
    }

    private static async Task Execute(NpgsqlDataSource source, string sql, object? args = null)
    {
        await using var connection = await source.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, args);
    }
}
