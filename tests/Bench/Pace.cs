namespace BloodPlatform.Bench;

/// <summary>An open loop: each piece of work starts at its own time, whether the ones before have ended or not.</summary>
internal static class Pace
{
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

    /// <summary>user, nice, system, idle, iowait, irq, softirq, steal: ticks of all processors since boot (proc(5)). A figure taken while others had the processors says nothing of us.</summary>
    private static long[] ProcessorTime() => [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(long.Parse)];
}
