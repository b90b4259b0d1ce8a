using BloodPlatform.Demo;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// Load programs against a running deploy/up. Machines are shared and noisy: each figure stands beside a reference that does the
/// least possible work on the same servers in the same run, and the ratio is what is compared over time.
/// </summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var run = args.FirstOrDefault(a => a.StartsWith("--run=", StringComparison.Ordinal))?[6..] ?? ".run";
        var rate = int.Parse(args.FirstOrDefault(a => a.StartsWith("--rate=", StringComparison.Ordinal))?[7..] ?? "50", null);
        var seconds = int.Parse(args.FirstOrDefault(a => a.StartsWith("--seconds=", StringComparison.Ordinal))?[10..] ?? "20", null);
        var donors = int.Parse(args.FirstOrDefault(a => a.StartsWith("--donors=", StringComparison.Ordinal))?[9..] ?? "50000", null);
        if (args is not ["collection-to-credit" or "late-information" or "donor-search" or "roster-of-500" or "city-year" or "drives-near" or "hot-drive" or "blood-stock", ..] || !File.Exists(Path.Combine(run, "credentials.json")))
        {
            await Console.Error.WriteLineAsync("usage: dotnet run -c Release --project tests/Bench -- collection-to-credit|late-information [--run=.run] [--rate=50] [--seconds=20], or -- donor-search [--donors=50000], or -- roster-of-500, or -- city-year, or -- drives-near, or -- hot-drive [--alone], or -- blood-stock [--units=100000] [--ever=3400000] [--alone]   (after deploy/up)");
            return 2;
        }
        var settings = Settings(run, "settings.env").Concat(Settings(run, "secrets.env")).ToDictionary();
        var superuser = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = int.Parse(settings["POSTGRES_PORT"], null), Database = "blood_platform", Username = "postgres", Password = settings["POSTGRES_PASSWORD"] }.ConnectionString;
        var broker = new Uri($"amqp://blood:{Uri.EscapeDataString(settings["RABBITMQ_PASSWORD"])}@127.0.0.1:{settings["RABBITMQ_PORT"]}/blood");
        using var api = new Api(Credentials.Read(Path.Combine(run, "credentials.json")), new Journal());

        if (args[0] == "city-year")
        {
            var year = await CityYear.Measure(api, superuser, 52_000);
            Console.WriteLine("\none request after another through the gateway          count     p50 ms     p99 ms     max ms");
            foreach (var (what, milliseconds) in year) Print(what, milliseconds);
            return 0;
        }
        if (args[0] == "drives-near")
        {
            var near = await DrivesNear.Measure(api, superuser, 20_000);
            Console.WriteLine("\none request after another through the gateway          count     p50 ms     p99 ms     max ms");
            foreach (var (what, milliseconds) in near) Print(what, milliseconds);
            return 0;
        }
        // What stands still while a service is measured alone.
        int[] Others(params string[] names) => args.Contains("--alone") ? [.. names.Select(name => int.Parse(File.ReadAllText(Path.Combine(run, name + ".pid")).Trim(), null))] : [];
        if (args[0] == "blood-stock")
        {
            Console.WriteLine("\none request after another, at the service                 count     p50 ms     p99 ms     max ms");
            int Count(string name, int usual) => args.FirstOrDefault(a => a.StartsWith($"--{name}=", StringComparison.Ordinal)) is { } given ? int.Parse(given[(name.Length + 3)..], null) : usual;
            await BloodStock.Measure(api, superuser, new Uri($"http://127.0.0.1:{settings["INVENTORY_PORT"]}"), Count("units", 100_000), Count("ever", 0), Others("donor", "event", "recognition", "partner"), Print);
            return 0;
        }
        if (args[0] == "hot-drive")
        {
            var (direct, gateway, bare) = await HotDrive.Measure(api, superuser, new Uri($"http://127.0.0.1:{settings["EVENT_PORT"]}"), Others("donor", "inventory", "recognition", "partner", "rabbitmq"));
            Console.WriteLine("\nbookings a second at one slot, 16 clients                  median   round by round");
            foreach (var (what, rounds) in new[] { ("bare Kestrel and Npgsql (reference)", bare), ("the Event service", direct), ("the same through the gateway", gateway) })
                Console.WriteLine($"  {what,-52} {Median(rounds),10:0}   {string.Join(", ", rounds.Select(r => r.ToString("0", null)))}");
            Console.WriteLine($"ratio of medians: {Median(direct) / Median(bare):0.00}, through the gateway {Median(gateway) / Median(bare):0.00}");
            return 0;
        }
        if (args[0] == "donor-search")
        {
            var searches = await DonorSearch.Measure(api, superuser, new Uri($"http://127.0.0.1:{settings["DONOR_PORT"]}"), donors);
            Console.WriteLine("\none request after another                              count     p50 ms     p99 ms     max ms");
            foreach (var (what, milliseconds) in searches) Print(what, milliseconds);
            return 0;
        }

        if (args[0] == "roster-of-500")
        {
            var (bare, rosters) = await RosterOf500.Measure(api, superuser);
            Console.WriteLine("\n500 rows                                                count     p50 ms     p99 ms     max ms");
            Print("one insert, committed (reference)", bare);
            Print("a roster with kept places and codes", rosters);
            Console.WriteLine($"ratio of p50: {Percentile(rosters, 0.5) / Percentile(bare, 0.5):0.0}");
            return 0;
        }

        var idle = Resident(run);
        var reference = await PlainPipe.Measure(superuser, broker, rate, seconds);
        var late = args[0] == "late-information";
        var platform = late ? await LateInformation.Measure(api, superuser, rate, seconds) : await CollectionToCredit.Measure(api, superuser, rate, seconds);
        Console.WriteLine();
        Console.WriteLine($"from commit to commit at {rate}/s for {seconds} s        count     p50 ms     p99 ms     max ms");
        Print("a row, a confirmed message, a row (reference)", reference);
        Print(late ? "late information (Donor) to held bags (Inventory)" : "collection (Donor) to credit (Recognition)", platform);
        Console.WriteLine($"ratio of p99: {Percentile(platform, 0.99) / Percentile(reference, 0.99):0.0}");
        Console.WriteLine($"the five services resident: {idle:0} MB before, {Resident(run):0} MB after");
        return 0;
    }

    /// <summary>NAME=value lines as deploy/up keeps them.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Settings(string run, string file) => File.ReadAllLines(Path.Combine(run, file))
        .Where(l => l.Contains('=', StringComparison.Ordinal) && !l.StartsWith('#')).Select(l => KeyValuePair.Create(l[..l.IndexOf('=', StringComparison.Ordinal)], l[(l.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('\'', '"')));

    private static double Resident(string run) => new[] { "donor", "event", "inventory", "recognition", "partner" }
        .Sum(service => File.ReadLines($"/proc/{File.ReadAllText(Path.Combine(run, service + ".pid")).Trim()}/status").Where(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Select(l => long.Parse(l[6..^2], null) / 1024.0).Single());

    private static double Percentile(double[] sorted, double p) => sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(p * sorted.Length) - 1)];

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static void Print(string what, double[] sorted) => Console.WriteLine($"  {what,-48} {sorted.Length,8} {Percentile(sorted, 0.5),10:0.0} {Percentile(sorted, 0.99),10:0.0} {sorted[^1],10:0.0}");
}
