using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>What each service counts of a drive, read back through the API.</summary>
public sealed class Reckoning(Api api, Feed feed, PlayedDrive drive)
{
    private (int Visits, int Deferred, int Donations, long Ml)? donor;

    public JsonNode Results { get; private set; } = new JsonObject();

    public List<JsonNode> Donations { get; private set; } = [];

    public List<JsonNode> Units { get; private set; } = [];

    public List<JsonNode> Credits { get; private set; } = [];

    /// <summary>Reads what may still be on its way to the services; Donor, where the facts were made, is read once.</summary>
    public async Task Read()
    {
        donor ??= await ReadDonor();
        Results = await api.Get("station", $"/v1/drives/{drive.Id}/results");
        Donations = await api.List("station", $"/v1/donations?driveId={drive.Id}");
        Units = await api.List("station", $"/v1/units?driveId={drive.Id}");
        Credits = await api.List("station", $"/v1/credits?driveId={drive.Id}");
    }

    public IEnumerable<Row> Rows()
    {
        decimal Event(string name) => (decimal)Results[name]!;
        int Entries(string kind) => feed.OfDrive(kind, drive.Id).Count();
        yield return new("booked", drive.Booked, Event: Event("booked"), Partner: Entries("appointment-booked"));
        yield return new("did not come", drive.NoShows, Event: Event("missed"), Partner: Entries("appointment-missed"));
        yield return new("visits", drive.Visits, donor!.Value.Visits, Event("checkedIn"), Partner: Entries("visit-opened"));
        yield return new("deferred", drive.Deferred, donor.Value.Deferred, Event("deferred"), Partner: Entries("visit-deferred"));
        yield return new("donations", drive.Donations, donor.Value.Donations, Event("collected"), Donations.Count, Credits.Count, Entries("donation-collected"));
        yield return new("ml", drive.Ml, donor.Value.Ml, Event("volumeMl"), Sum(Donations, "collectedMl"), Sum(Credits, "volumeMl"), Sum(feed.OfDrive("donation-collected", drive.Id), "collectedMl"));
        yield return new("units (bags)", drive.Donations * PlayedDrive.BagsPerDonation, Inventory: Units.Count);
        yield return new("credits", drive.Donations, Recognition: Credits.Count, Partner: Entries("credit-granted"));
        yield return new("counts credited", null, Recognition: Sum(Credits, "nationalCounts"), Partner: Sum(feed.OfDrive("credit-granted", drive.Id), "nationalCounts"));
    }

    /// <summary>Visits from the station's list, donations donor by donor: two tables of Donor's that must agree.</summary>
    private async Task<(int, int, int, long)> ReadDonor()
    {
        var visits = await api.List("station", $"/v1/visits?driveId={drive.Id}");
        var given = new List<JsonNode>();
        await PastDrive.ForEach(drive.Donors.Length, async i =>
        {
            if (!drive.Parts[i].Comes) return;
            var his = (await api.Get("station", $"/v1/donors/{drive.Donors[i]}/donations")).AsArray().Where(d => (string?)d!["driveId"] == drive.Id).ToArray();
            lock (given) given.AddRange(his!);
        });
        return (visits.Count, visits.Count(v => (string?)v["status"] == "deferred"), given.Count, (long)Sum(given, "collectedMl"));
    }

    private static decimal Sum(IEnumerable<JsonNode> items, string name) => items.Sum(item => (decimal?)item[name] ?? 0);
}
