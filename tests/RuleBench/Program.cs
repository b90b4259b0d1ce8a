using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace BloodPlatform.RuleBench;

/// <summary>How long the rules take: one donor in memory, and all donors in a database after a publication.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["one-donor", ..]:
                // In this process: the generated projects of the default toolchain would build the whole platform again.
                OneDonor.PrintProcessorTime();
                BenchmarkRunner.Run<OneDonor>(DefaultConfig.Instance.AddJob(Job.ShortRun.WithIterationCount(15).WithToolchain(InProcessEmitToolchain.Instance)));
                return 0;
            case ["re-evaluation", ..]:
                int[] sizes = [.. args.Skip(1).Select(a => int.Parse(a, null))];
                await ReEvaluation.Measure(sizes.Length > 0 ? sizes : [1000, 10000]);
                return 0;
            default:
                await Console.Error.WriteLineAsync("usage: dotnet run -c Release --project tests/RuleBench -- one-donor | re-evaluation [donors…]   (the second with TEST_POSTGRES, as deploy/test sets it)");
                return 2;
        }
    }
}
