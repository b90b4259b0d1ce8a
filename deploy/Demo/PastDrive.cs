using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>
/// A drive of the past, recorded by the station and signed by `quality`, from its plan to the bags: what happened earlier, with the times at
/// which it happened.
/// </summary>
/// <param name="Key">Of its requests.</param>
public sealed record PastDrive(
    Api Api, string Key, string Title, string OrganisationId, object Venue, string Place, string Theme, DateTimeOffset StartsAt, DateTimeOffset EndsAt, int SlotMinutes, int Capacity, IReadOnlyList<Part> Parts)
{
    public const string Reason = "纸质记录补录";

    /// <summary>How many donors are served at once.</summary>
    public const int AtOnce = 12;

    public async Task<PlayedDrive> Play(Action<string> say)
    {
        var quality = Api.Credentials.With("quality");
        var donors = new string[Parts.Count];
        say($"{Title}: registering {Parts.Count} people");
        await ForEach(async i => donors[i] = await Api.Once(Parts[i].Key + "-donor", "station", "/v1/donors", Parts[i].Person.Registration));

        var id = await Api.Once(Key + "-drive", "station", "/v1/drives", new
        {
            organisationId = OrganisationId, kind = "organisation", theme = Theme, venue = Venue, startsAt = StartsAt, endsAt = EndsAt, slotMinutes = SlotMinutes, capacityPerSlot = Capacity, walkInPerSlot = 2,
            procedures = new[] { "whole-blood" }, backfillReason = Reason,
        }, quality, "draft");
        Task Verb(string verb, DateTimeOffset at, string expect) => Api.Once($"{Key}-{verb}", "station", $"/v1/drives/{id}/{verb}", new { at }, quality, expect);
        await Verb("submit", StartsAt.AddDays(-21), "submitted");
        await Verb("approve", StartsAt.AddDays(-20), "approved");
        await Verb("open", StartsAt.AddDays(-14), "open");

        say($"{Title}: booking {Parts.Count(p => p.Slot is not null)} places");
        var appointments = new string?[Parts.Count];
        await ForEach(async i =>
        {
            if (Parts[i].Slot is { } slot)
                appointments[i] = await Api.Once(Parts[i].Key + "-booking", "station", "/v1/appointments", new
                {
                    driveId = id, donorId = donors[i], slotStartsAt = SlotAt(slot), channel = "poster", backfillReason = Reason, at = StartsAt.AddDays(-13).AddMinutes(i * 20),
                }, quality, "booked");
        });
        await Verb("start", StartsAt, "started");

        var givers = Parts.Count(p => p.Gives);
        say($"{Title}: {Parts.Count(p => p.Comes)} visits, {givers} of them to the end");
        var block = await Api.Once(Key + "-dins", "station", "/v1/din-blocks", new { count = givers, year = StartsAt.Year, driveId = id });
        var numbers = (await Api.Get("station", $"/v1/din-blocks/{block}"))["dins"]!.AsArray().Select(d => (string)d!).ToArray();
        var dins = new string?[Parts.Count];
        for (int i = 0, next = 0; i < Parts.Count; i++) if (Parts[i].Gives) dins[i] = numbers[next++];
        var visit = new Visit(Api, id, Place, await Api.Get("station", "/v1/questionnaires/current"), Now: false);
        // A walk-in comes when there is room: as if he had the slot of his number.
        await ForEach(async i => { if (Parts[i].Comes) await visit.Play(Parts[i], donors[i], appointments[i], dins[i], SlotAt(Parts[i].Slot ?? i % Slots).AddMinutes(i % Math.Max(1, SlotMinutes - 16))); });

        say($"{Title}: making the bags of {givers} donations");
        await ForEach(async i => { if (dins[i] is { } din) await Bags(Api, Parts[i].Key, din, quality); });
        await Verb("close", EndsAt.AddHours(1), "closed");
        return new PlayedDrive(Title, id, Parts, donors, dins);
    }

    private int Slots => (int)((EndsAt - StartsAt).TotalMinutes / SlotMinutes);

    private DateTimeOffset SlotAt(int slot) => StartsAt.AddMinutes(slot * SlotMinutes);

    private Task ForEach(Func<int, Task> work) => ForEach(Parts.Count, work);

    /// <summary>For each number below a count, some at once.</summary>
    public static Task ForEach(int count, Func<int, Task> work) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => await work(i));

    /// <summary>One bag of red cells, one of plasma. The donation is there a moment after its collection.</summary>
    public static async Task Bags(Api api, string key, string din, string staff)
    {
        if (api.Journal.Find(key + "-bags") is null) await Eventually.True($"{din} in Inventory", async () => await Known(api, $"/v1/donations/{din}"), api.Patience);
        await api.Once(key + "-bags", "station", $"/v1/donations/{din}/components", new { recipe = "red-cells-and-plasma" }, staff);
    }

    private static async Task<bool> Known(Api api, string path)
    {
        try { return await api.Get("station", path) is JsonObject; }
        catch (Refused no) when (no.Status == 404) { return false; }
    }
}

/// <summary>What was sent of a drive: what every service must count.</summary>
public sealed record PlayedDrive(string Title, string Id, IReadOnlyList<Part> Parts, string[] Donors, string?[] Dins)
{
    public const int BagsPerDonation = 2;

    public int Booked => Parts.Count(p => p.Slot is not null);

    public int NoShows => Parts.Count(p => !p.Comes);

    public int Visits => Parts.Count(p => p.Comes);

    public int Deferred => Parts.Count(p => p.Comes && !p.Gives);

    public int Donations => Parts.Count(p => p.Gives);

    public long Ml => Parts.Where(p => p.Gives).Sum(p => (long)p.CollectedMl);
}

/// <summary>The services learn of each other by events, a few milliseconds late: what is not there yet is asked for again, up to a deadline.</summary>
public static class Eventually
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <exception cref="TimeoutException">It never came.</exception>
    public static async Task True(string what, Func<Task<bool>> ask, TimeSpan? patience = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await ask())
        {
            if (TimeProvider.System.GetElapsedTime(started) > (patience ?? Patience)) throw new TimeoutException($"{what}: not within {(patience ?? Patience).TotalSeconds} s");
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }
}
