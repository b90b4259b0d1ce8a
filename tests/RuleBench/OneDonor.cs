using BenchmarkDotNet.Attributes;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.RuleBench;

/// <summary>One donor against the whole rule set: every window of both procedures, as a re-evaluation needs them. Demanded: 20 µs.</summary>
[MemoryDiagnoser, MinColumn, MedianColumn]
public class OneDonor
{
    private static readonly DateOnly Born = new(1985, 5, 20);
    private static readonly RuleBook Book = RuleBook.OfRelease;
    private static readonly RuleSet Rules = Book.Near(new(2026, 1, 1));

    /// <summary>Ten years of whole blood twice a year.</summary>
    private static readonly DonorFacts Regular = new(Born, "female", [.. Enumerable.Range(0, 20).Select(i => new PastDonation(new DateOnly(2014, 1, 10).AddMonths(7 * i), Procedures.WholeBlood, 400))], [new("T10", new(2025, 3, 1), new(2025, 3, 8))]);

    /// <summary>Platelets every three weeks for two years, and a few things that came between.</summary>
    private static readonly DonorFacts Apheresis = new(Born, "male", [.. Enumerable.Range(0, 34).Select(i => new PastDonation(new DateOnly(2024, 1, 10).AddDays(21 * i), Procedures.ApheresisPlatelets, 500, 2))],
        [new("T10", new(2025, 3, 1), new(2025, 3, 8)), new("T01", new(2025, 6, 1), new(2025, 6, 4)), new("T20", new(2025, 9, 1), new(2025, 9, 6))]);

    private static readonly DonorFacts New = new(Born, "male", [], []);

    private static readonly Dictionary<string, decimal> Measured = new() { ["temperatureC"] = 36.6m, ["systolic"] = 120, ["diastolic"] = 80, ["pulsePressure"] = 40, ["pulse"] = 72, ["weightKg"] = 65, ["haemoglobinGl"] = 140, ["altPass"] = 1, ["hbsagPass"] = 1 };

    [Benchmark(Baseline = true)]
    public int NewDonor() => Windows(New);

    [Benchmark]
    public int RegularDonor() => Windows(Regular);

    [Benchmark]
    public int ApheresisDonor() => Windows(Apheresis);

    [Benchmark]
    public int MeasuredValues() => Checks.Judge(Rules, "male", new(2026, 3, 5), Measured).Reasons.Count;

    /// <summary>The processor's time alone, which a machine shared with others distorts less than the clock's.</summary>
    public static void PrintProcessorTime()
    {
        var bench = new OneDonor();
        foreach (var (name, run) in new (string, Func<int>)[] { (nameof(NewDonor), bench.NewDonor), (nameof(RegularDonor), bench.RegularDonor), (nameof(ApheresisDonor), bench.ApheresisDonor), (nameof(MeasuredValues), bench.MeasuredValues) })
        {
            for (var i = 0; i < 30000; i++) run(); // compiled for good
            var best = double.MaxValue;
            for (var round = 0; round < 15; round++)
            {
                var before = Environment.CpuUsage.TotalTime;
                for (var i = 0; i < 20000; i++) run();
                best = Math.Min(best, (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / 20000);
            }
            Console.WriteLine($"{name,-16} {best,6:0.00} µs of one processor, the best of 15 rounds of 20,000");
        }
    }

    private static int Windows(DonorFacts donor) =>
        Eligibility.Windows(Eligibility.Obstacles(donor, Procedures.WholeBlood, Book)).Count + Eligibility.Windows(Eligibility.Obstacles(donor, Procedures.ApheresisPlatelets, Book)).Count;
}
