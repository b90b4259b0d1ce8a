using System.Text.RegularExpressions;

namespace BloodPlatform.SystemTests;

[Collection(OnePlatform.Name)]
public sealed class DemoTests(RunningPlatform platform)
{
    [Fact]
    public async Task A_demo_that_was_killed_goes_on_agrees_and_prints_the_same_table_again()
    {
        using (var broken = platform.Start("demo", out _))
        {
            await Eventually.True("a thousand answers", () => Task.FromResult(Answers() > 1000), TimeSpan.FromSeconds(120));
            broken.Kill(entireProcessTree: true);
            await broken.WaitForExitAsync();
        }
        var before = Answers();

        var first = await platform.Execute("demo", 0);
        Assert.True(Answers() > before);
        Assert.Contains("all agree", first);
        Assert.Matches(@"(?m)^  donations +196 +196 +196 +196 +196 +196$", first);
        Assert.Contains("2,150,027", first);
        Assert.Matches(@"\d+ invariants: \d+ hold.*, 0 violated, 0 could not be judged", first);

        var after = Answers();
        var second = await platform.Execute("demo", 0);
        Assert.Equal(after, Answers());
        Assert.Equal(TableOf(first), TableOf(second));
    }

    private int Answers() => Directory.Exists(Path.Combine(platform.Run, "demo")) ? Directory.GetFiles(Path.Combine(platform.Run, "demo"), "*.journal").Sum(f => File.ReadLines(f).Count()) : 0;

    private static string TableOf(string said) => Regex.Match(said, @"\n +sent .*?\n\nA dot", RegexOptions.Singleline).Value is { Length: > 0 } table ? table : throw new InvalidOperationException("no table in\n" + said);
}
