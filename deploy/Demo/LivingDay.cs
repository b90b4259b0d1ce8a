using System.Globalization;
using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>
/// Part 4: today. Twenty donors, twelve of them booked through a partner's app; tests of which one is reactive; release by two people; one donor who
/// calls back afterwards; a hospital's orders. What is released, held, allocated and traced is seen here.
/// </summary>
public sealed class LivingDay
{
    private const int Reactive = 18;
    private const int CallsBack = 19;

    // Red cells last 21, 35 or 42 days by what the bag holds: of the six A+ the two in CPD are the first to expire.
    private static readonly (string Group, string Preservative)[] Donors =
    [
        ("A+", "CPDA-1"), ("A+", "AS-1"), ("A+", "CPD"), ("A+", "CPDA-1"), ("A+", "CPD"), ("A+", "AS-3"),
        ("O+", "CPDA-1"), ("O+", "CPDA-1"), ("O+", "CPD"), ("O+", "AS-1"), ("O+", "CPDA-1"), ("O+", "CPDA-1"),
        ("B+", "CPDA-1"), ("B+", "CPDA-1"), ("B+", "AS-1"), ("B+", "CPDA-1"), ("AB+", "CPDA-1"), ("AB+", "CPDA-1"),
        ("AB-", "CPDA-1"), ("AB-", "CPDA-1"),
    ];

    private const int Booked = 12;
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(8);
    private static readonly (DateOnly From, DateOnly Until) Born = (new(1991, 1, 1), new(2000, 12, 31));
    private static readonly string[] Markers = ["hbsag", "anti-hcv", "hiv-ag-ab", "syphilis", "nat-hbv", "nat-hcv", "nat-hiv"];

    private readonly Api api;
    private readonly Action<string> say;
    private readonly string key;
    private readonly DateTimeOffset startsAt;

    private LivingDay(Api api, Action<string> say, string key, DateTimeOffset startsAt) => (this.api, this.say, this.key, this.startsAt) = (api, say, key, startsAt);

    public PlayedDrive Drive { get; private set; } = null!;

    /// <summary>Bags that left for the hospital, and the one that reached a patient.</summary>
    public IReadOnlyList<string> Issued { get; private set; } = [];

    public string TransfusedDin { get; private set; } = "";

    /// <summary>Plays it; a day that was broken off and is over by now is left as it is, and a new one begins.</summary>
    public static async Task<LivingDay> Play(Api api, Action<string> say)
    {
        for (var day = 1; ; day++)
        {
            var (key, journal) = ($"living-{day}", api.Journal);
            var startsAt = journal.Moment(key + "-starts");
            if (journal.Find(key + "-complete") is null && TimeProvider.System.GetUtcNow() > startsAt + (journal.Find(key + "-drive") is null ? TimeSpan.FromMinutes(4) : Lasts)) continue;
            var living = new LivingDay(api, say, key, startsAt);
            await living.Donate(day);
            await living.TestAndRelease();
            await living.CallBack();
            await living.Supply();
            if (journal.Find(key + "-complete") is null) journal.Add(key + "-complete", "done");
            return living;
        }
    }

    private string Laboratory => api.Credentials.With("laboratory");

    private Task<string> Post(string name, string role, string path, object body, string? staff = null, string? expect = null, Func<JsonNode, string>? keep = null) =>
        api.Once($"{key}-{name}", role, path, body, staff, expect, keep);

    /// <summary>Drive, bookings, visits, collections, bags.</summary>
    private async Task Donate(int day)
    {
        say($"Today: {Donors.Length} donors at a drive, {Booked} of them booked through an app");
        var station = api.Credentials.Organisations["station"];
        var id = await Post("drive", "station", "/v1/drives", new
        {
            organisationId = api.Credentials.Organisations["university"], hostOrganisationId = station, kind = "open", theme = "热血日常", startsAt, endsAt = startsAt + Lasts, slotMinutes = 60, capacityPerSlot = 10, walkInPerSlot = 10,
            venue = new { name = "沙盒广场献血车", address = "沙盒市广场路1号", district = "440704", latitude = 22.561, longitude = 113.111 }, procedures = new[] { "whole-blood" },
        }, expect: "draft");
        foreach (var (verb, status) in new[] { ("submit", "submitted"), ("approve", "approved"), ("open", "open") })
            await Post(verb, "station", $"/v1/drives/{id}/{verb}", new { }, expect: status);

        var parts = Donors.Select((d, i) =>
        {
            var nominal = i % 4 == 0 ? 200 : 400;
            return new Part($"{key}-{i:D2}", People.Of('丙', ((day - 1) * Donors.Length) + i, Born.From, Born.Until, d.Group), Fate.Donates, i < Booked ? 1 + (i % 2) : null, nominal, nominal - 4 + (i % 9), d.Preservative);
        }).ToArray();
        var donors = new string[parts.Length];
        var appointments = new string?[parts.Length];
        await PastDrive.ForEach(parts.Length, async i =>
        {
            donors[i] = await api.Once(parts[i].Key + "-donor", i < Booked ? "app" : "station", "/v1/donors", parts[i].Person.Registration);
            if (parts[i].Slot is { } slot)
                appointments[i] = await api.Once(parts[i].Key + "-booking", "app", "/v1/appointments", new { driveId = id, donorId = donors[i], slotStartsAt = startsAt.AddHours(slot), channel = "mini-program" }, expect: "booked");
        });

        await Post("start", "station", $"/v1/drives/{id}/start", new { }, expect: "started");
        var block = await Post("dins", "station", "/v1/din-blocks", new { count = parts.Length, driveId = id });
        var dins = (await api.Get("station", $"/v1/din-blocks/{block}"))["dins"]!.AsArray().Select(d => (string)d!).ToArray();
        var visit = new Visit(api, id, "献血车1号", await api.Get("station", "/v1/questionnaires/current"), Now: true);
        await PastDrive.ForEach(parts.Length, async i =>
        {
            await visit.Play(parts[i], donors[i], appointments[i], dins[i], api.Journal.Moment(parts[i].Key + "-comes") - Visit.Longest);
            await PastDrive.Bags(api, parts[i].Key, dins[i], api.Credentials.With("processing"));
        });
        Drive = new PlayedDrive("Today's drive", id, parts, donors, dins);
    }

    /// <summary>Nine tests for each; a reactive one holds at once and defers its donor; two people release the others.</summary>
    private async Task TestAndRelease()
    {
        var performedAt = api.Journal.Moment(key + "-tested");
        object Row(int i, string test, string? value = null, bool reactive = false) => new { din = Drive.Dins[i], test, outcome = reactive ? "reactive" : "non-reactive", value, performedAt };
        var rows = Donors.SelectMany((d, i) => new[] { Row(i, "abo-rhd", d.Group), Row(i, "alt", (18 + i).ToString(CultureInfo.InvariantCulture)) }.Concat(Markers.Select(m => Row(i, m, reactive: i == Reactive && m == "hbsag")))).ToArray();
        await Post("tests", "station", "/v1/test-runs", new { runId = key + "-" + startsAt.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture), instrument = "沙盒酶免仪1号", controlsValid = true, rows }, Laboratory);
        var refused = await api.Refusal("station", $"/v1/donations/{Drive.Dins[Reactive]}/release-signatures", new { }, key + "-refused", api.Credentials.With("release"));
        say($"Tests: {rows.Length} results; {Drive.Dins[Reactive]} is reactive and held, its release answers {refused["code"]}");
        await Eventually.True("the provisional deferral", async () => await Deferrals(Reactive, "test") == 1);

        await PastDrive.ForEach(Donors.Length, async i =>
        {
            if (i == Reactive) return;
            await Post($"{i:D2}-first", "station", $"/v1/donations/{Drive.Dins[i]}/release-signatures", new { }, api.Credentials.With("release"));
            await Post($"{i:D2}-second", "station", $"/v1/donations/{Drive.Dins[i]}/release-signatures", new { }, api.Credentials.With("release", 1), "available");
        });
        say($"Release: {Donors.Length - 1} donations, each signed by two who entered no results");
    }

    /// <summary>A donor tells afterwards that he was not well: his bags are held, though they had been released.</summary>
    private async Task CallBack()
    {
        var first = api.Journal.Find(key + "-call") is null;
        await Post("call", "station", $"/v1/donors/{Drive.Donors[CallsBack]}/late-information", new { code = "T10", note = "次日发热" }, keep: a => (string)a["deferralId"]!);
        var told = TimeProvider.System.GetTimestamp();
        await Eventually.True("the hold for late information", async () => (await api.Get("station", $"/v1/donations/{Drive.Dins[CallsBack]}"))["holds"]!.AsArray().Any(h => (string?)h!["kind"] == "late-information"));
        say($"Late call-back: {Drive.Dins[CallsBack]} held{(first ? $" {TimeProvider.System.GetElapsedTime(told).TotalMilliseconds:0} ms after the call" : "")}");
    }

    /// <summary>The hospital orders: two bags of A+, one of O+ for a patient, one of AB−, of which there are only held ones.</summary>
    private async Task Supply()
    {
        var neededBy = api.Journal.Moment(key + "-needed").AddDays(1);
        var station = api.Credentials.Organisations["station"];
        Task<string> Order(string name, string bloodGroup, int amount, string urgency, object? patient) => Post("order-" + name, "hospital", "/v1/orders", new
        {
            component = "red-cells-suspended", bloodGroup, quantity = new { amount, unit = "bags" }, urgency, neededBy, allowSubstitution = false, patient, stationId = station,
        });
        var routine = await Order("routine", "A+", 2, "routine", null);
        var patient = "P-" + key;
        var urgent = await Order("urgent", "O+", 1, "emergency", new { reference = patient, sex = "female", ageYears = 43 });
        var rare = await Order("rare", "AB-", 1, "routine", null);

        var lines = (await api.Get("hospital", $"/v1/orders/{routine}"))["lines"]!.AsArray();
        var explanation = await api.Get("station", $"/v1/orders/{routine}/explanation");
        var lastTaken = explanation["taken"]!.AsArray().Max(u => u!["expiresAt"]!.GetValue<DateTimeOffset>());
        if (lines.Count != 2 || explanation["passedOver"]!.AsArray().Any(u => (string?)u!["reason"] == "later-to-expire" && u["expiresAt"]!.GetValue<DateTimeOffset>() < lastTaken))
            throw new InvalidOperationException($"order {routine} did not get the first two to expire: {explanation.ToJsonString()}");
        say($"Order A+ × 2: {string.Join(", ", lines.Select(l => $"{l!["din"]} until {l["expiresAt"]!.GetValue<DateTimeOffset>():MM-dd}"))}; {explanation["passedOver"]!.AsArray().Count(u => (string?)u!["reason"] == "later-to-expire")} later ones passed over");

        var why = (await api.Get("hospital", $"/v1/orders/{rare}/explanation"))["passedOver"]!.AsArray().Where(u => Drive.Dins.Contains((string)u!["din"]!)).Select(u => $"{u!["din"]} {u["reason"]}");
        say($"Order AB- × 1: nothing to give, {string.Join(", ", why)}");
        await Post("rare-cancel", "hospital", $"/v1/orders/{rare}/cancel", new { }, expect: "cancelled");

        var bag = (await api.Get("hospital", $"/v1/orders/{urgent}"))["lines"]!.AsArray().Single()!;
        await Post("crossmatch", "hospital", $"/v1/orders/{urgent}/lines/{bag["unitId"]}/crossmatch", new { result = "compatible" });
        foreach (var (name, order) in new[] { ("routine", routine), ("urgent", urgent) })
        {
            await Post(name + "-issue", "station", $"/v1/orders/{order}/issue", new { }, api.Credentials.With("issue"), "issued");
            await Post(name + "-receive", "hospital", $"/v1/orders/{order}/receive", new { }, expect: "received");
        }
        await Post("transfusion", "hospital", $"/v1/units/{bag["unitId"]}/transfusion", new { patientReference = patient, transfusedAt = api.Journal.Moment(key + "-transfused"), outcome = "no-reaction" });
        Issued = [.. lines.Append(bag).Select(l => (string)l!["unitId"]!)];
        TransfusedDin = (string)bag["din"]!;
        await Trace();
    }

    private async Task Trace()
    {
        var trace = await api.Get("station", $"/v1/traces/{TransfusedDin}");
        var red = trace["units"]!.AsArray().Single(u => u!["transfusion"] is not null)!;
        say($"Trace {TransfusedDin}: {trace["tests"]!.AsArray().Count} tests, signed by {string.Join(" and ", trace["signatures"]!.AsArray().Select(s => s!["staffNumber"]))}, {string.Join(" → ", red["movements"]!.AsArray().Select(m => m!["kind"]))}");
    }

    private async Task<int> Deferrals(int donor, string origin) => (await api.List("station", $"/v1/donors/{Drive.Donors[donor]}/deferrals")).Count(d => (string?)d["origin"] == origin && (string?)d["certainty"] == "provisional");

    /// <summary>What only a living part has: release, holds, deferrals, supply.</summary>
    public async Task<IEnumerable<Row>> Rows(Reckoning reckoning, Feed feed)
    {
        var dins = Drive.Dins.Select(d => d!).ToHashSet();
        int Entries(string kind, string? hold = null) => feed.OfDonations(kind, dins).Count(e => hold is null || (string?)e["kind"] == hold);
        int Holds(string kind) => reckoning.Donations.Count(d => (int)d["holds"]! > 0 && (string?)d["din"] == Drive.Dins[kind == "test" ? Reactive : CallsBack]);
        var ours = await Task.WhenAll(Issued.Select(u => api.Get("hospital", $"/v1/units/{u}")));
        return
        [
            new("donations released", Donors.Length - 1, Inventory: reckoning.Donations.Count(d => (string?)d["status"] == "available"), Partner: Entries("donation-released")),
            new("units released", (Donors.Length - 1) * PlayedDrive.BagsPerDonation, Inventory: reckoning.Units.Count(u => (string?)u["status"] is not ("quarantine" or "discarded")), Partner: Entries("unit-released")),
            new("held for a reactive test", 1, Inventory: Holds("test"), Partner: Entries("donation-held", "test")),
            new("provisional deferral for it", 1, await Deferrals(Reactive, "test"), Partner: Entries("donor-deferral-required")),
            new("held for late information", 1, await Deferrals(CallsBack, "late-information"), Inventory: Holds("late-information"), Partner: Entries("donation-withdrawn")),
            new("units issued", 3, Inventory: ours.Count(u => (string?)u["status"] is "issued" or "received" or "transfused"), Partner: Entries("unit-issued")),
            new("units received", 3, Inventory: ours.Count(u => (string?)u["status"] is "received" or "transfused"), Partner: Entries("unit-received")),
            new("units transfused", 1, Inventory: ours.Count(u => (string?)u["status"] == "transfused"), Partner: Entries("unit-transfused")),
        ];
    }
}
