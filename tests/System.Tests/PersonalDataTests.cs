using System.Text;
using System.Text.Json;

namespace BloodPlatform.SystemTests;

/// <summary>What lies on the disks of the whole platform: PostgreSQL's files with their journal, RabbitMQ's, and every log.</summary>
[Collection(OnePlatform.Name)]
public sealed class PersonalDataTests(RunningPlatform platform)
{
    [Fact]
    public async Task Name_number_and_telephone_of_a_donor_lie_open_in_no_file_of_the_platform()
    {
        var drive = await LiveDrive.Begin(platform, "planted", numbers: 1);
        var (part, donor, din) = await drive.Donate("planted");
        var person = part.Person;
        foreach (var by in new object[] { new { phone = person.Phone }, new { document = new { kind = "resident-id", number = person.ResidentId } } })
            Assert.Contains(donor, (await drive.Api.Send(HttpMethod.Post, "station", "/v1/donors/search", by, null)).Body.ToJsonString());
        await drive.Api.Refusal("station", "/v1/donors", person.Registration, "planted-again");
        await platform.Audit(); // everything has arrived where it goes

        var escaped = JsonSerializer.Serialize(person.Name)[1..^1]; // \u4E01…
        byte[][] planted = [.. new[] { person.Name, escaped, escaped.ToLowerInvariant(), person.ResidentId, person.Phone }.Select(Encoding.UTF8.GetBytes)];
        Assert.Equal([], FilesWith(planted));
        // What is looked for is found where it is: the donation's number is no secret, and stands in the rows, the messages and their journals.
        Assert.NotEmpty(FilesWith([Encoding.UTF8.GetBytes(din)]));
    }

    /// <summary>The demo's own journal is a client's.</summary>
    private string[] FilesWith(byte[][] texts) =>
    [
        .. Directory.EnumerateFiles(platform.Run, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(file => !file.StartsWith(Path.Combine(platform.Run, "demo"), StringComparison.Ordinal) && !file.StartsWith(Path.Combine(platform.Run, "app"), StringComparison.Ordinal) && Holds(file, texts)),
    ];

    private static bool Holds(string file, byte[][] texts)
    {
        try
        {
            var content = File.ReadAllBytes(file);
            return texts.Any(text => content.AsSpan().IndexOf(text) >= 0);
        }
        catch (FileNotFoundException) { return false; } // the servers go on working: a journal's file that is no longer there holds nothing
    }
}
