namespace BloodPlatform.Bench;

/// <summary>An open loop: each piece of work starts at its own time, whether the ones before have ended or not.</summary>
internal static class Pace
{
    public static async Task At(int rate, int count, Func<int, Task> work)
    {
        var started = TimeProvider.System.GetTimestamp();
        var running = new List<Task>(count);
        for (var i = 0; i < count; i++)
        {
            var wait = TimeSpan.FromSeconds((double)i / rate) - TimeProvider.System.GetElapsedTime(started);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
            running.Add(work(i));
        }
        await Task.WhenAll(running);
    }
}
