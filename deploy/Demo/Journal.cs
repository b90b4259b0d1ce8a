using System.Globalization;

namespace BloodPlatform.Demo;

/// <summary>
/// What was sent and what came back, a line each in .run/demo/: key, tab, the id that was answered. A request whose answer stands
/// here is not sent again; one that was under way when the program was killed is sent again, the same under the same key, and
/// the platform answers what it answered then.
/// </summary>
public sealed class Journal : IDisposable
{
    private readonly Dictionary<string, string> lines = [];
    private readonly StreamWriter? file;

    /// <summary>One that is forgotten with the process.</summary>
    public Journal()
    {
    }

    /// <param name="path">Written by one process at a time: deploy/demo holds a lock.</param>
    public Journal(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var text = new StreamReader(stream, leaveOpen: true).ReadToEnd();
        var whole = text.LastIndexOf('\n') + 1; // a line that was being written when the program was killed is not one
        foreach (var line in text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.Split('\t') is [var key, var value]) lines[key] = value;
        stream.SetLength(System.Text.Encoding.UTF8.GetByteCount(text[..whole]));
        stream.Seek(0, SeekOrigin.End);
        file = new StreamWriter(stream) { AutoFlush = true };
    }

    public int Count => lines.Count;

    public string? Find(string key)
    {
        lock (lines) return lines.GetValueOrDefault(key);
    }

    public void Add(string key, string value)
    {
        lock (lines)
        {
            lines[key] = value;
            file?.Write($"{key}\t{value}\n");
        }
    }

    /// <summary>
    /// The instant that this key stands for: now, the first time, and for ever after the same. A request that bears it can be repeated
    /// word for word.
    /// </summary>
    public DateTimeOffset Moment(string key)
    {
        lock (lines)
        {
            if (Find(key) is null) Add(key, TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture));
            return DateTimeOffset.Parse(Find(key)!, CultureInfo.InvariantCulture).ToOffset(China.Offset);
        }
    }

    public void Dispose() => file?.Dispose();
}

/// <summary>China has one time, without summer time.</summary>
public static class China
{
    public static readonly TimeSpan Offset = TimeSpan.FromHours(8);

    public static DateTimeOffset At(int year, int month, int day, int hour, int minute = 0) => new(year, month, day, hour, minute, 0, Offset);
}
