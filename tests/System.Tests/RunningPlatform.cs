using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BloodPlatform.SystemTests;

/// <summary>
/// The whole platform as real processes: deploy/up in a directory and on ports of its own, with its own PostgreSQL and RabbitMQ, from what the
/// release build left. One for all tests, which therefore run one after the other.
/// </summary>
public sealed class RunningPlatform : IAsyncLifetime
{
    public static readonly string[] Services = ["donor", "event", "inventory", "recognition", "partner"];

    private static readonly string[] Ports = ["PORT", "DONOR_PORT", "EVENT_PORT", "INVENTORY_PORT", "RECOGNITION_PORT", "PARTNER_PORT", "POSTGRES_PORT", "RABBITMQ_PORT", "RABBITMQ_MANAGEMENT_PORT", "RABBITMQ_DIST_PORT", "EPMD_PORT"];
    private const string Prefix = "blood-platform-system-";

    private readonly string root = FindRoot();
    private readonly string run = Directory.CreateTempSubdirectory(Prefix).FullName;
    private readonly DirectoryInfo said = Directory.CreateTempSubdirectory("blood-platform-said-");
    private readonly Dictionary<string, string> environment = new() { ["BUILD"] = "no" };
    private int people;

    public string Run => run;

    public Credentials Credentials { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(run, File.GetUnixFileMode(run) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute); // PostgreSQL and nginx run as somebody else
        await File.WriteAllTextAsync(Path.Combine(run, "owner"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        await SweepUp();
        foreach (var (name, port) in Ports.Zip(FreePorts(Ports.Length))) environment[name] = port.ToString(CultureInfo.InvariantCulture);
        environment["RUN_DIR"] = run;
        await Up();
        Credentials = Credentials.Read(Path.Combine(run, "credentials.json"));
    }

    public async ValueTask DisposeAsync()
    {
        await Execute("down", 0, "--purge");
        Directory.Delete(run, recursive: true);
        said.Delete(recursive: true);
    }

    /// <summary>deploy/up: starts what is not running.</summary>
    public Task<string> Up() => Execute("up", 0);

    /// <summary>deploy/audit: every invariant holds, once what is on its way has arrived.</summary>
    public async Task Audit()
    {
        var report = await Execute("audit", 0, "--wait=60");
        Assert.Matches(@"\d+ invariants: \d+ hold.*, 0 violated, 0 could not be judged", report);
    }

    /// <summary>Runs one of deploy/'s scripts and answers what it printed.</summary>
    public async Task<string> Execute(string script, int expected, params string[] arguments)
    {
        using var process = Start(script, out var output, arguments);
        await process.WaitForExitAsync();
        var text = await File.ReadAllTextAsync(output);
        Assert.True(process.ExitCode == expected, $"deploy/{script} ended with {process.ExitCode}, not {expected}:\n{text}");
        return text;
    }

    /// <summary>Starts one of deploy/'s scripts. It writes to a file: a pipe would stay open for as long as what it starts lives.</summary>
    public Process Start(string script, out string output, params string[] arguments)
    {
        output = Path.Combine(said.FullName, $"{script}-{TimeProvider.System.GetTimestamp()}.txt");
        var start = new ProcessStartInfo("bash") { UseShellExecute = false };
        foreach (var argument in (string[])["-c", "script=$1 out=$2; shift 2; exec \"$script\" \"$@\" >\"$out\" 2>&1 </dev/null", "bash", Path.Combine(root, "deploy", script), output, .. arguments]) start.ArgumentList.Add(argument);
        foreach (var name in (string[])["POSTGRES_URL", "BROKER_URI", "BROKER_MANAGEMENT"]) start.Environment.Remove(name);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public int ProcessId(string name) => int.Parse(File.ReadAllText(Path.Combine(run, name + ".pid")), CultureInfo.InvariantCulture);

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task Kill(string name)
    {
        using var process = Process.GetProcessById(ProcessId(name));
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>The API with a journal of its own, patient enough for a restart.</summary>
    public Api Api(int patienceSeconds = 120) => new(Credentials, new Journal(), TimeSpan.FromSeconds(patienceSeconds));

    /// <summary>Somebody whom nobody else uses: the demo's people are born in other years.</summary>
    public Person SomePerson(string? bloodGroup = null) => People.Of('丁', Interlocked.Increment(ref people), new(1980, 1, 1), new(1990, 12, 31), bloodGroup);

    /// <summary>What a test run that was killed itself has left.</summary>
    private async Task SweepUp()
    {
        foreach (var old in Directory.GetDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            var owner = Path.Combine(old, "owner");
            if (!File.Exists(owner) || Directory.Exists("/proc/" + await File.ReadAllTextAsync(owner))) continue;
            environment["RUN_DIR"] = old;
            await Execute("down", 0, "--purge");
            Directory.Delete(old, recursive: true);
        }
    }

    /// <summary>Consecutive ports that nobody listens on, below those that the system gives to outgoing connections.</summary>
    private static int[] FreePorts(int count)
    {
        for (var first = 12_000 + (Environment.ProcessId * 13 % 19_000); ; first += count)
        {
            var ports = Enumerable.Range(first, count).ToArray();
            if (ports.All(IsFree)) return ports;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException) { return false; }
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Platform.sln"))) directory = directory.Parent ?? throw new InvalidOperationException("Run it from the checkout");
        return directory.FullName;
    }
}

[CollectionDefinition(Name)]
public sealed class OnePlatform : ICollectionFixture<RunningPlatform>
{
    public const string Name = "one platform";
}
