using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>
/// Part 6: O- runs short. Nobody is asked before there are places: the first appeal is refused with what to schedule. Then a drive of three days opens,
/// the appeal with it, and closes by itself when as many are booked as it needs.
/// </summary>
public sealed class Appeal
{
    private const string Key = "appeal";
    private const int Days = 3;
    private const int Donations = 2;
    private const string Group = "O-";

    private readonly Api api;
    private readonly string id;
    private readonly int booked;

    private Appeal(Api api, string id, int booked) => (this.api, this.id, this.booked) = (api, id, booked);

    public static async Task<Appeal> Play(Api api, Action<string> say)
    {
        // From nine in the morning (UTC+8), a week from the first run on.
        var morning = new DateTimeOffset(api.Journal.Moment($"{Key}-decided").ToOffset(TimeSpan.FromHours(8)).Date.AddDays(7).AddHours(9), TimeSpan.FromHours(8));
        var until = morning.AddDays(Days);
        object Asked(params string[] districts) => new { procedure = "whole-blood", bloodGroups = new[] { Group }, donations = Donations, until, districts };
        if (api.Journal.Find($"{Key}-drive") is null)
        {
            // Of a district in which nothing takes place: wherever else the station has drives, there one can book already.
            var refused = await api.Refusal("station", "/v1/appeals", Asked("440785"), $"{Key}-refused");
            say($"Appeal for {Group}: {refused["code"]}, {refused["detail"]}");
        }
        var drive = await api.Once($"{Key}-drive", "station", "/v1/drives", new
        {
            organisationId = api.Credentials.Organisations["university"], kind = "open", theme = "稀有血型三日行", startsAt = morning, endsAt = morning.AddDays(Days - 1).AddHours(7), slotMinutes = 60, capacityPerSlot = 5,
            venue = new { name = "沙盒市体育馆", address = "沙盒市体育路2号", district = "440703", latitude = 22.58, longitude = 113.08 }, procedures = new[] { "whole-blood" },
        }, expect: "draft");
        foreach (var (verb, status) in new[] { ("submit", "submitted"), ("approve", "approved"), ("open", "open") })
            await api.Once($"{Key}-{verb}", "station", $"/v1/drives/{drive}/{verb}", new { }, expect: status);
        var id = await api.Once($"{Key}-opened", "station", "/v1/appeals", Asked("440703"), expect: "open");
        var need = (int)(await api.Get("station", $"/v1/appeals/{id}"))["need"]!["bookings"]!;
        say($"Appeal for {Group}: a drive of {Days} days is open; {need} bookings for {Donations} donations");
        for (var i = 0; i < need; i++)
        {
            var donor = await api.Once($"{Key}-{i}-donor", "app", "/v1/donors", People.Of('戊', i, new(1988, 1, 1), new(1999, 12, 31), Group).Registration);
            await api.Once($"{Key}-{i}-booking", "app", "/v1/appointments", new { driveId = drive, donorId = donor, slotStartsAt = morning.AddDays(i % Days).AddHours(i % 7), channel = "mini-program", appealId = id }, expect: "booked");
        }
        return new(api, id, need);
    }

    public async Task<IEnumerable<Row>> Rows(Feed feed)
    {
        var appeal = await api.Get("station", $"/v1/appeals/{id}");
        return
        [
            new("booked for it", booked, Event: (int)appeal["effect"]!["booked"]!, Partner: feed.Of("appointment-booked", "appealId", id).Count()),
            new("closed, its need met", 1, Event: (string?)appeal["status"] == "closed" && (string?)appeal["closeReason"] == "met" ? 1 : 0, Partner: feed.Of("appeal-closed", "appealId", id).Count(e => (string?)e["reason"] == "met")),
        ];
    }
}
