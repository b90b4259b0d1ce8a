using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>
/// Part 5: what turns out otherwise. A second person corrects what was weighed; somebody who registered twice is one donor again; somebody who never
/// gave wants to be forgotten. Three people who come without a drive, so that no drive's sums move.
/// </summary>
public sealed class Afterwards
{
    private const string Key = "afterwards";
    private const int Weighed = 402;
    private const int Corrected = 396;
    private const string Group = "B+";
    private static readonly string[] Consents = ["registration", "contact"];

    private readonly Api api;
    private readonly string[] dins;
    private readonly string corrected;
    private readonly string visited;
    private readonly string once;
    private readonly string twice;
    private readonly string forgotten;

    private Afterwards(Api api, string[] dins, string corrected, string visited, string once, string twice, string forgotten) =>
        (this.api, this.dins, this.corrected, this.visited, this.once, this.twice, this.forgotten) = (api, dins, corrected, visited, once, twice, forgotten);

    public static async Task<Afterwards> Play(Api api, Action<string> say)
    {
        say("Afterwards: a correction, a donor who registered twice, one who wants to be forgotten");
        var people = Enumerable.Range(0, 3).Select(i => People.Of('丁', i, new(1985, 1, 1), new(1999, 12, 31), "O+")).ToArray();
        var block = await api.Once($"{Key}-dins", "station", "/v1/din-blocks", new { count = 2 });
        var dins = (await api.Get("station", $"/v1/din-blocks/{block}"))["dins"]!.AsArray().Select(d => (string)d!).ToArray();
        var visit = new Visit(api, null, "献血屋", await api.Get("station", "/v1/questionnaires/current"), Now: true);
        Task<string> Give(int i, string donor, int ml) => visit.Play(new Part($"{Key}-{i}", people[i], Fate.Donates, null, 400, ml), donor, null, dins[i], api.Journal.Moment($"{Key}-{i}-comes") - Visit.Longest);

        // The scales were read wrong: whoever did not collect may say so.
        var corrected = await api.Once($"{Key}-corrected", "station", "/v1/donors", people[0].Registration);
        var visited = await Give(0, corrected, Weighed);
        await api.Once($"{Key}-correction", "station", $"/v1/visits/{visited}/corrections", new { reasonCode = "entered-wrong", values = new { collectedMl = Corrected } }, api.Credentials.With("quality"));

        // And the group at the pretest was written down wrong.
        await api.Once($"{Key}-group", "station", $"/v1/visits/{visited}/finding-corrections", new { reasonCode = "entered-wrong", pretest = new { haemoglobin = new { method = "meter", valueGl = 131 }, bloodGroup = Group, altPass = true, hbsagPass = true } }, api.Credentials.With("quality"));

        // He gave with his resident id, and had registered with his passport before.
        var once = await api.Once($"{Key}-once", "station", "/v1/donors", new
        {
            name = people[1].Name, document = new { kind = "passport", number = "E00000001" }, sex = people[1].Sex, birthDate = BirthDate(people[1]), phone = people[1].Phone, consents = Consents,
        });
        var twice = await api.Once($"{Key}-twice", "station", "/v1/donors", people[1].Registration);
        await Give(1, twice, 400);
        await api.Once($"{Key}-merge", "station", "/v1/donor-merges", new { survivor = once, absorbed = twice, reason = "同一人, 护照与身份证" }, api.Credentials.With("registrar"));

        var forgotten = await api.Once($"{Key}-forgotten", "app", "/v1/donors", people[2].Registration);
        await api.Once($"{Key}-erasure", "app", $"/v1/donors/{forgotten}/erasure", new { });
        return new(api, dins, corrected, visited, once, twice, forgotten);
    }

    public async Task<IEnumerable<Row>> Rows(Feed feed)
    {
        Task<List<JsonNode>> Of(string path, string donor) => api.List("station", $"{path}?donorId={donor}");
        var (given, stored, credits) = ((await api.Get("station", $"/v1/donors/{corrected}/donations")).AsArray(), await api.Get("station", $"/v1/donations/{dins[0]}"), await Of("/v1/credits", corrected));
        var (his, bags, hisCredits) = ((await api.Get("station", $"/v1/donors/{once}/donations")).AsArray(), await Of("/v1/donations", once), await Of("/v1/credits", once));
        var visit = await api.Get("station", $"/v1/visits/{visited}");
        var erasure = await api.Get("station", $"/v1/donors/{forgotten}/erasure");
        return
        [
            new("ml, corrected", Corrected, given.Sum(d => (decimal)d!["collectedMl"]!), Inventory: (decimal)stored["collectedMl"]!, Recognition: credits.Sum(c => (decimal)c["volumeMl"]!),
                Partner: feed.Of("donation-corrected", "donorId", corrected).Sum(e => (decimal)e["after"]!["collectedMl"]!)),
            new("group at the pretest, corrected", 1, (string?)visit["bloodGroup"] == Group ? 1 : 0, Partner: feed.Of("blood-group-corrected", "din", dins[0]).Count(e => (string?)e["after"] == Group)),
            new("given by who registered twice", 1, his.Count, Inventory: bags.Count, Recognition: hisCredits.Count, Partner: feed.Of("donors-merged", "absorbed", twice).Sum(e => e["dins"]!.AsArray().Count)),
            new("forgotten", 1, (string?)erasure["outcome"] == "erased" ? 1 : 0, Partner: feed.Of("donor-erased", "donorId", forgotten).Count()),
        ];
    }

    /// <summary>Stands in the resident id, digits 7 to 14.</summary>
    private static string BirthDate(Person person) => $"{person.ResidentId[6..10]}-{person.ResidentId[10..12]}-{person.ResidentId[12..14]}";
}
