using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace BloodPlatform.TestSupport;

/// <summary>Tests never sleep to wait: they poll with a deadline.</summary>
public static class Eventually
{
    /// <summary>Polls until the condition holds; fails with the condition's text after the deadline (30 s unless said).</summary>
    public static async Task That(Func<Task<bool>> condition, int seconds = 30, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > seconds) throw new TimeoutException($"Not within {seconds} s: {what}");
            await Task.Delay(20);
        }
    }

    /// <summary>Polls until the value is there (not null) and returns it.</summary>
    public static async Task<T> Value<T>(Func<Task<T?>> read, int seconds = 30, [CallerArgumentExpression(nameof(read))] string what = "")
    {
        T? value = default;
        await That(async () => (value = await read()) is not null, seconds, what);
        return value!;
    }
}
