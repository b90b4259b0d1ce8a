using System.Data;
using System.Globalization;
using Npgsql;

namespace BloodPlatform.Audit;

/// <summary>
/// deploy/audit: looks at the platform at rest and says of each invariant whether it holds. Exit code 0: all hold; 1: one is
/// violated; 2: one could not be judged.
/// </summary>
public static class Program
{
    private const string Usage = """
        audit [--wait=SECONDS] [--explain]
          --wait     how long to wait until nothing is on its way (30)
          --explain  print every invariant's sentence and SQL, and look at nothing
        Environment: AUDIT_POSTGRES (connection string of a login that may read the five schemas),
        AUDIT_BROKER_MANAGEMENT (http://user:password@host:15672), AUDIT_VHOST (/), AUDIT_EVENTS (docs/events.md)
        """;

    public static async Task<int> Main(string[] args)
    {
        if (args.Contains("--explain"))
        {
            foreach (var invariant in Invariant.All) Console.WriteLine($"{invariant.Name}\n  {invariant.Sentence}\n\n{invariant.Violations}\n");
            return 0;
        }
        var wait = 30;
        if (args.Any(a => !a.StartsWith("--wait=", StringComparison.Ordinal) || !int.TryParse(a["--wait=".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out wait)))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }
        if (Environment.GetEnvironmentVariable("AUDIT_POSTGRES") is not { Length: > 0 } postgres)
        {
            Console.Error.WriteLine("AUDIT_POSTGRES is not set\n" + Usage);
            return 2;
        }
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };
        try
        {
            return await Run(postgres, Environment.GetEnvironmentVariable("AUDIT_BROKER_MANAGEMENT"), Environment.GetEnvironmentVariable("AUDIT_VHOST") ?? "/",
                Environment.GetEnvironmentVariable("AUDIT_EVENTS") ?? "docs/events.md", TimeSpan.FromSeconds(wait), Console.Out, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 2;
        }
    }

    /// <summary>Waits for rest, judges, prints the table, returns the exit code.</summary>
    public static async Task<int> Run(string postgres, string? management, string virtualHost, string events, TimeSpan patience, TextWriter print, CancellationToken ct)
    {
        try
        {
            // Read-only, whoever the login is.
            var options = new NpgsqlConnectionStringBuilder(postgres) { Pooling = false, ApplicationName = "audit" };
            options.Options = ("-c default_transaction_read_only=on " + options.Options).Trim();
            await using var connection = new NpgsqlConnection(options.ConnectionString);
            await connection.OpenAsync(ct);

            var listeners = File.Exists(events) ? Listeners.Parse(await File.ReadAllTextAsync(events, ct)) : null;
            if (listeners is null) await print.WriteLineAsync($"{events} is not there or has no table of events and who hears them");
            string? brokerProblem = null;
            var moving = await Auditor.WaitForRest(connection, ReadBroker, listeners, patience, ct);
            if (moving is not null) await print.WriteLineAsync($"not at rest after {patience.TotalSeconds:0} s: {moving}");
            var broker = await ReadBroker();
            if (brokerProblem is not null) await print.WriteLineAsync(brokerProblem);

            await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
            return Print(await Auditor.Judge(connection, broker, listeners, ct), print);

            async Task<Broker?> ReadBroker()
            {
                if (string.IsNullOrEmpty(management)) { brokerProblem = "AUDIT_BROKER_MANAGEMENT is not set"; return null; }
                try { return await Broker.Read(new Uri(management), virtualHost, ct); }
                catch (Exception e) when (e is HttpRequestException or TaskCanceledException or UriFormatException && !ct.IsCancellationRequested)
                {
                    brokerProblem = $"the broker's management address does not answer: {e.Message}";
                    return null;
                }
            }
        }
        catch (NpgsqlException e)
        {
            await print.WriteLineAsync($"the database could not be read: {e.Message}");
            return 2;
        }
    }

    /// <summary>A line per invariant; below a violated one its sentence and examples.</summary>
    public static int Print(IReadOnlyList<Finding> findings, TextWriter print)
    {
        var width = findings.Max(f => f.Invariant.Name.Length);
        print.WriteLine($"{"",-9} {"invariant".PadRight(width)}  {"looked at",10}  {"violations",10}");
        foreach (var f in findings)
        {
            var verdict = f.Unknown is not null ? "unknown" : f.Violations > 0 ? "VIOLATED" : "ok";
            print.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{verdict,-9} {f.Invariant.Name.PadRight(width)}  {f.LookedAt?.ToString(CultureInfo.InvariantCulture) ?? "-",10}  {(f.Unknown is null ? f.Violations.ToString(CultureInfo.InvariantCulture) : "-"),10}"));
            if (f.Unknown is not null) print.WriteLine($"{"",-9}   could not look: {f.Unknown}");
            if (f.Violations == 0) continue;
            print.WriteLine($"{"",-9}   {f.Invariant.Sentence} Not so:");
            foreach (var example in f.Examples) print.WriteLine($"{"",-9}   {example}");
            if (f.Violations > f.Examples.Count) print.WriteLine($"{"",-9}   … and {f.Violations - f.Examples.Count} more");
        }
        var (violated, unknown, empty) = (findings.Count(f => f.Violations > 0), findings.Count(f => f.Unknown is not null), findings.Count(f => f.Holds && f.LookedAt == 0));
        print.WriteLine($"{findings.Count} invariants: {findings.Count - violated - unknown} hold{(empty > 0 ? $" ({empty} of them had nothing to look at)" : "")}, {violated} violated, {unknown} could not be judged");
        return violated > 0 ? 1 : unknown > 0 ? 2 : 0;
    }
}
