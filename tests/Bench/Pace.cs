using System.Diagnostics;
using System.Globalization;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>When measured work starts.</summary>
internal static class Pace
{
    /// <summary>An open loop: each piece of work starts at its own time, whether the ones before have ended or not.</summary>
    public static async Task At(int rate, int count, Func<int, Task> work)
    {
        var before = ProcessorTime();
        var started = TimeProvider.System.GetTimestamp();
        var running = new List<Task>(count);
        for (var i = 0; i < count; i++)
        {
            var wait = TimeSpan.FromSeconds((double)i / rate) - TimeProvider.System.GetElapsedTime(started);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
            running.Add(work(i));
        }
        await Task.WhenAll(running);
        var spent = ProcessorTime().Zip(before, (now, then) => now - then).ToArray();
        Console.WriteLine($"  processors meanwhile: {100.0 * spent[3] / spent.Sum():0} % idle, {100.0 * spent[7] / spent.Sum():0} % taken by other guests of the host");
    }

    /// <summary>What was done before has been sent, and heard: no listener has had anything to do for a second.</summary>
    public static async Task Drained(NpgsqlConnection database)
    {
        for (long before = -1, heard; ; before = heard)
        {
            await Until(database, "select not exists (select from event.outbox where published_at is null and parked_at is null) and not exists (select from donor.outbox where published_at is null and parked_at is null) and not exists (select from inventory.outbox where published_at is null and parked_at is null)", new { });
            heard = await database.ExecuteScalarAsync<long>("select sum(n_tup_ins) from pg_stat_user_tables where relname = 'inbox'");
            if (heard == before) return;
            await Task.Delay(1200); // the server's statistics are a second old
        }
    }

    public static async Task Until(NpgsqlConnection database, string condition, object args)
    {
        var deadline = TimeProvider.System.GetUtcNow().AddMinutes(2);
        while (!await database.ExecuteScalarAsync<bool>(condition, args))
        {
            if (TimeProvider.System.GetUtcNow() > deadline) throw new TimeoutException("Not within 2 minutes: " + condition);
            await Task.Delay(100);
        }
    }

    /// <summary>user, nice, system, idle, iowait, irq, softirq, steal: ticks of all processors since boot (proc(5)). A figure taken while others had the processors says nothing of us.</summary>
    private static long[] ProcessorTime() => [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(long.Parse)];

    /// <summary>Lets processes stand still (`-STOP`) or go on (`-CONT`): as if they had machines of their own.</summary>
    public static void Signal(string signal, int[] processes)
    {
        if (processes.Length == 0) return;
        using var kill = Process.Start("kill", [signal, .. processes.Select(id => id.ToString(CultureInfo.InvariantCulture))]);
        kill.WaitForExit();
        if (kill.ExitCode != 0) throw new InvalidOperationException($"kill {signal} answered {kill.ExitCode}");
    }
}
