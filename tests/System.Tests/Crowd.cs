namespace BloodPlatform.SystemTests;

/// <summary>
/// Donors who come one after another, some at a time, from registration to the bags, until it is enough. Every request is repeated under its key
/// until it is answered; so what was sent is known whatever is killed meanwhile.
/// </summary>
public sealed class Crowd : IAsyncDisposable
{
    private const int AtOnce = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250); // a street, not a flood

    private readonly RunningPlatform platform;
    private readonly LiveDrive drive;
    private readonly List<(Part Part, string Donor, string Din)> done = [];
    private readonly CancellationTokenSource enough = new();
    private readonly Task[] queues;
    private int next;

    private Crowd(RunningPlatform platform, LiveDrive drive, string key)
    {
        (this.platform, this.drive) = (platform, drive);
        queues = [.. Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var donor = await drive.Donate($"{key}-{Interlocked.Increment(ref next)}");
                lock (done) done.Add(donor);
                await Task.Delay(Pause);
            }
        }))];
    }

    public static async Task<Crowd> Start(RunningPlatform platform, string key) => new(platform, await LiveDrive.Begin(platform, key, numbers: 1000), key);

    public LiveDrive Drive => drive;

    public int Count
    {
        get { lock (done) return done.Count; }
    }

    /// <summary>Waits until so many more have gone through.</summary>
    public async Task Grows(int by)
    {
        var target = Count + by;
        await Eventually.True($"{by} more donors", () =>
        {
            if (Array.Find(queues, q => q.IsFaulted) is { } failed) throw failed.Exception!;
            return Task.FromResult(Count >= target);
        }, TimeSpan.FromSeconds(120));
    }

    /// <summary>The last ones finish; then every service counts what was sent, and every invariant holds.</summary>
    public async Task IsCountedEverywhere()
    {
        await enough.CancelAsync();
        await Task.WhenAll(queues);
        var sent = new PlayedDrive("The crowd's drive", drive.Id, [.. done.Select(d => d.Part)], [.. done.Select(d => d.Donor)], [.. done.Select(d => d.Din)]);
        Assert.Equal(done.Count, done.Select(d => d.Din).Distinct().Count());

        var feed = new Feed(drive.Api);
        var reckoning = new Reckoning(drive.Api, feed, sent);
        var table = new Table();
        try
        {
            await Eventually.True("agreement", async () =>
            {
                await feed.ReadOn();
                await reckoning.Read();
                table = new Table();
                table.Add(sent.Title, reckoning.Rows());
                return table.Agrees;
            }, TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException) { Assert.Fail("The services disagree:\n" + table); }
        await platform.Audit();
    }

    public async ValueTask DisposeAsync()
    {
        await enough.CancelAsync();
        await Task.WhenAll(queues).ContinueWith(_ => { }, TaskScheduler.Default); // what failed has been said
        enough.Dispose();
    }
}
