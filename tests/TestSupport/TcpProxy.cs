using System.Net;
using System.Net.Sockets;

namespace BloodPlatform.TestSupport;

/// <summary>
/// Stands between a service and its server: cuts the line for an outage that harms nobody else's tests, and counts round trips
/// (each time the client speaks after the server has).
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly HashSet<TcpClient> open = [];
    private readonly string host;
    private readonly int port;
    private readonly Task accepting;
    private volatile bool cut;
    private int roundTrips;

    public TcpProxy(string host, int port)
    {
        (this.host, this.port) = (host, port);
        listener.Start();
        accepting = Accept();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int RoundTrips => Volatile.Read(ref roundTrips);

    public Task<int> Least(Func<Task> call) => Least(() => Task.FromResult(0), _ => call());

    /// <summary>Round trips of a call: the least of ten, because the first open connections and prepare statements, and work in the background on the same line only adds.</summary>
    /// <param name="prepare">What each call needs, by another line.</param>
    public async Task<int> Least<T>(Func<Task<T>> prepare, Func<T, Task> call)
    {
        var least = int.MaxValue;
        for (var i = 0; i < 10; i++)
        {
            var with = await prepare();
            var before = RoundTrips;
            await call(with);
            least = Math.Min(least, RoundTrips - before);
        }
        return least;
    }

    /// <summary>Ends every connection and refuses new ones until <see cref="Restore"/>.</summary>
    public void Cut()
    {
        cut = true;
        lock (open) foreach (var client in open) client.Close();
    }

    public void Restore() => cut = false;

    private async Task Accept()
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                if (cut) { client.Close(); continue; }
                _ = Carry(client);
            }
        }
        catch (OperationCanceledException) { /* the test is over */ }
    }

    private async Task Carry(TcpClient client)
    {
        using var server = new TcpClient();
        lock (open) { open.Add(client); open.Add(server); }
        try
        {
            await server.ConnectAsync(host, port, stop.Token);
            client.NoDelay = server.NoDelay = true;
            var serverSpokeLast = true;
            await Task.WhenAny(
                Copy(client, server, () => { if (serverSpokeLast) Interlocked.Increment(ref roundTrips); serverSpokeLast = false; }),
                Copy(server, client, () => serverSpokeLast = true));
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException) { /* a cut line is what it is for */ }
        finally
        {
            lock (open) { open.Remove(client); open.Remove(server); }
            client.Close();
        }
    }

    private async Task Copy(TcpClient from, TcpClient to, Action spoke)
    {
        var buffer = new byte[64 * 1024];
        var (source, target) = (from.GetStream(), to.GetStream());
        for (int read; (read = await source.ReadAsync(buffer, stop.Token)) > 0;)
        {
            spoke();
            await target.WriteAsync(buffer.AsMemory(0, read), stop.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        Cut();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }
}
