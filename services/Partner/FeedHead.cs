namespace BloodPlatform.Partners;

/// <summary>How far the feed is placed, in memory: readers that wait hold no connection, and the sequencer knows when to look often.</summary>
public sealed class FeedHead
{
    private TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long last;
    private long expectUntil;

    /// <summary>An event is about to be committed here: look often for a while.</summary>
    public void ExpectMore() => Volatile.Write(ref expectUntil, Environment.TickCount64 + 2000);

    public bool MoreExpected => Environment.TickCount64 < Volatile.Read(ref expectUntil);

    /// <summary>The highest number that this process has seen committed.</summary>
    public void Saw(long number)
    {
        if (number <= Interlocked.Read(ref last)) return;
        Interlocked.Exchange(ref last, number);
        Interlocked.Exchange(ref moved, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Returns when the head is known to be beyond a position, or when the patience is over.</summary>
    public async Task WaitBeyond(long position, TimeSpan atMost, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(atMost);
        while (true)
        {
            var next = Volatile.Read(ref moved).Task; // before the look, or a move between them would be missed
            if (Interlocked.Read(ref last) > position) return;
            try { await next.WaitAsync(patience.Token); }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested) { return; }
        }
    }
}
