using System.Text.Json.Nodes;

namespace BloodPlatform.SystemTests;

/// <summary>A drive of today, open and started, and what donors do at it.</summary>
public sealed class LiveDrive
{
    private readonly RunningPlatform platform;
    private readonly Visit visit;
    private readonly string[] dins;
    private int taken = -1;

    private LiveDrive(RunningPlatform platform, Api api, string id, DateTimeOffset slot, string[] dins, JsonNode questionnaire)
    {
        (this.platform, Api, Id, Slot, this.dins) = (platform, api, id, slot, dins);
        visit = new Visit(api, id, "献血车2号", questionnaire, Now: true);
    }

    public Api Api { get; }

    public string Id { get; }

    /// <summary>Starts in the future: bookable.</summary>
    public DateTimeOffset Slot { get; }

    public static async Task<LiveDrive> Begin(RunningPlatform platform, string key, int numbers, Api? api = null)
    {
        api ??= platform.Api();
        var startsAt = api.Journal.Moment(key + "-starts");
        var id = await api.Once(key + "-drive", "station", "/v1/drives", new
        {
            organisationId = platform.Credentials.Organisations["university"], kind = "open", startsAt, endsAt = startsAt.AddHours(6), slotMinutes = 60, capacityPerSlot = 1000,
            venue = new { name = "沙盒码头", address = "沙盒市码头路1号", district = "440704" }, procedures = new[] { "whole-blood" },
        });
        foreach (var verb in (string[])["submit", "approve", "open", "start"]) await api.Once($"{key}-{verb}", "station", $"/v1/drives/{id}/{verb}", new { });
        var block = await api.Once(key + "-dins", "station", "/v1/din-blocks", new { count = numbers, driveId = id });
        var dins = (await api.Get("station", $"/v1/din-blocks/{block}"))["dins"]!.AsArray().Select(d => (string)d!).ToArray();
        return new(platform, api, id, startsAt.AddHours(1), dins, await api.Get("station", "/v1/questionnaires/current"));
    }

    /// <summary>One person from registration to the bags.</summary>
    public async Task<(Part Part, string Donor, string Din)> Donate(string key, string? bloodGroup = null)
    {
        var part = new Part(key, platform.SomePerson(bloodGroup), Fate.Donates, 1, 400, 396 + (key.Length % 9));
        var donor = await Api.Once(key + "-donor", "station", "/v1/donors", part.Person.Registration);
        // What is new is waited for while its id is fresh; with the broker away for longer than that nobody else knows the donor yet, nor his booking.
        var appointment = await OnceKnown("a booking", () => Book(key, donor));
        var din = dins[Interlocked.Increment(ref taken)];
        await OnceKnown("a visit", () => visit.Play(part, donor, appointment, din, Api.Journal.Moment(key + "-comes") - Visit.Longest));
        await PastDrive.Bags(Api, key, din, Api.Credentials.With("processing"));
        return (part, donor, din);
    }

    private async Task<string> OnceKnown(string what, Func<Task<string>> step)
    {
        var id = "";
        await Eventually.True(what, async () =>
        {
            try { return (id = await step()) != ""; }
            catch (Refused no) when (no.Status == 404) { return false; }
        }, Api.Patience);
        return id;
    }

    public Task<string> Book(string key, string donor) =>
        Api.Once(key + "-booking", "station", "/v1/appointments", new { driveId = Id, donorId = donor, slotStartsAt = Slot, channel = "hotline" }, expect: "booked");

    /// <summary>All tests of a donation, non-reactive but for one if named.</summary>
    public Task<string> Test(string key, string din, string bloodGroup, string? reactive = null)
    {
        var performedAt = Api.Journal.Moment(key + "-tested");
        string[] tests = ["abo-rhd", "alt", "hbsag", "anti-hcv", "hiv-ag-ab", "syphilis", "nat-hbv", "nat-hcv", "nat-hiv"];
        return Api.Once(key + "-tests", "station", "/v1/test-runs", new
        {
            runId = $"{Id}-{key}", instrument = "沙盒酶免仪2号", controlsValid = true,
            rows = tests.Select(test => new { din, test, outcome = test == reactive ? "reactive" : "non-reactive", value = test == "abo-rhd" ? bloodGroup : test == "alt" ? "22" : null, performedAt }),
        }, Api.Credentials.With("laboratory"));
    }

    /// <summary>The signature of the first or second person who may release.</summary>
    public Task<Answer> Sign(string key, string din, int who) =>
        Api.Send(HttpMethod.Post, "station", $"/v1/donations/{din}/release-signatures", new { }, $"{key}-signature-{who}", Api.Credentials.With("release", who));

    public async Task<string[]> Holds(string din) => [.. (await Api.Get("station", $"/v1/donations/{din}"))["holds"]!.AsArray().Select(h => (string)h!["kind"]!)];
}
