using System.Globalization;
using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>
/// Part 3: what the city reported for 2023 (figures F1 to F15), loaded as reported: with the flag that a check gives them, never corrected and never
/// added to what the platform counts. Read back with the year-on-year that they imply.
/// </summary>
public static class ReportedFigures
{
    private const string Source = "世界献血者日二十周年专题报道, 2024-06-14";

    private static readonly JsonObject Y2023 = new() { ["year"] = 2023 };

    /// <param name="Figures">Measure → value; a value of which the source says "more than" or "about" has its bound in <paramref name="Bounds"/>.</param>
    /// <param name="Flag">The quality flag that it must bear.</param>
    private sealed record Figure(string Reference, string Name, JsonObject Subject, JsonObject? Period, (string Measure, long Value)[] Figures, (string Measure, string Bound)[]? Bounds = null, decimal? YearOnYear = null, string Flag = "ok");

    private static JsonObject District(string code) => new() { ["kind"] = "district", ["code"] = code };

    private static JsonObject City() => new() { ["kind"] = "city", ["code"] = "440700" };

    private static JsonObject Named(string name) => new() { ["kind"] = "organisation", ["name"] = name };

    private static JsonObject Span(string from, string to) => new() { ["from"] = from, ["to"] = to };

    private static Figure[] All(string university)
    {
        JsonObject ofUniversity() => new() { ["kind"] = "organisation", ["organisationId"] = university };
        return
        [
            new("F1", "会城街道 2022–2023", Named("新会区会城街道办事处"), Span("2022-01-01", "2023-12-31"), [("drives", 24), ("personTimes", 2496), ("volumeMl", 499_000)], Flag: "reported_inconsistent"),
            new("F2", "university 2023", ofUniversity(), Y2023, [("persons", 1500), ("volumeMl", 350_000)], [("persons", "at-least"), ("volumeMl", "at-least")]),
            new("F3", "university 2024-03-05", ofUniversity(), Span("2024-03-05", "2024-03-05"), [("drives", 1), ("persons", University.Donations)]),
            new("F4", "中医药职院 2023–2024", Named("广东江门中医药职业学院"), Span("2023-01-01", "2024-06-14"), [("drives", 10), ("persons", 648), ("volumeMl", 154_010)]),
            new("F5", "江门职院, no period", Named("江门职业技术学院"), null, [("drives", 14), ("personTimes", 781), ("volumeMl", 189_630)]),
            new("F6", "南方职院 2023", Named("广东南方职业学院"), Y2023, [("persons", 337), ("volumeMl", 84_990)]),
            new("F7", "新会 2023", District("440705"), Y2023, [("volumeMl", 2_347_700)]),
            new("F8", "新会 2023", District("440705"), Y2023, [("stemCellSamples", 59), ("stemCellDonations", 1)]),
            new("F9", "台山 2023", District("440781"), Y2023, [("drives", 50), ("personTimes", 11_190), ("volumeMl", 2_390_400)], [("drives", "at-least"), ("personTimes", "about")], 11.18m),
            new("F10", "鹤山 2023", District("440784"), Y2023, [("persons", 4364), ("volumeMl", 1_270_900)]),
            new("F11", "恩平 2023", District("440785"), Y2023, [("volumeMl", 1_236_400)], YearOnYear: 1.46m),
            new("F12", "江门 2023", City(), Y2023, [("personTimes", 52_000), ("volumeMl", 13_730_000)], [("personTimes", "about"), ("volumeMl", "at-least")]),
            new("F13", "江门 2023", City(), Y2023, [("treatmentUnits", 7800)], [("treatmentUnits", "at-least")]),
            new("F15", "江门 1998–2023", City(), Span("1998-10-01", "2023-12-31"), [("yearsWithoutTransfusionInfection", 26)]),
        ];
    }

    public static async Task<IEnumerable<Row>> Play(Api api, Action<string> say)
    {
        var figures = All(api.Credentials.Organisations["university"]);
        say($"Reported figures: {figures.Length} of 2023");
        var rows = new List<Row>();
        foreach (var f in figures)
        {
            var id = await api.Once("figure-" + f.Reference, "station", "/v1/reported-figures", new
            {
                reference = f.Reference, subject = f.Subject, period = f.Period, figures = f.Figures.ToDictionary(m => m.Measure, m => m.Value), bounds = f.Bounds?.ToDictionary(b => b.Measure, b => b.Bound),
                yearOnYearPercent = f.YearOnYear, source = Source,
            });
            var stands = await api.Get("station", $"/v1/reported-figures/{id}");
            var flag = (string?)stands["qualityFlag"];
            rows.AddRange(f.Figures.Select((m, i) => new Row($"{f.Reference} {f.Name}, {Words(m.Measure)}", m.Value,
                Event: (decimal?)stands["figures"]![m.Measure], Note: i == 0 && flag != "ok" ? flag : null)));
            if (flag != f.Flag) rows.Add(new Row($"{f.Reference} flag: {flag} instead of {f.Flag}", 1, Event: 0));
        }
        rows.AddRange(await ImpliedYears(api, figures));
        rows.AddRange(await Parts(api, figures));
        return rows;
    }

    /// <summary>A rate says what the year before was: 2,390,400 ml at +11.18 % makes 2,150,027 ml in 2022.</summary>
    private static async Task<IEnumerable<Row>> ImpliedYears(Api api, Figure[] figures)
    {
        var before = (await api.Get("station", "/v1/statistics?by=district&year=2022"))["items"]!.AsArray();
        return figures.Where(f => f.YearOnYear is not null).Select(f =>
        {
            var (code, ml) = ((string)f.Subject["code"]!, f.Figures.Single(m => m.Measure == "volumeMl").Value);
            var implied = before.Single(s => (string?)s!["subject"]!["code"] == code)!["impliedByNextYear"]!.AsArray().Single()!;
            return new Row(string.Create(CultureInfo.InvariantCulture, $"{f.Reference} implies for 2022 by +{f.YearOnYear} %, ml"), Math.Round(ml / (1 + (f.YearOnYear!.Value / 100)), MidpointRounding.AwayFromZero), Event: (decimal)implied["volumeMl"]!);
        });
    }

    /// <summary>F14 is nobody's report: it is what four districts make of the city, and what is left for the three that reported nothing.</summary>
    private static async Task<IEnumerable<Row>> Parts(Api api, Figure[] figures)
    {
        var city = (await api.Get("station", "/v1/statistics?by=district&year=2023"))["items"]!.AsArray().Single(s => (string?)s!["subject"]!["code"] == "440700")!["reportedDistricts"]!;
        long Ml(string reference) => figures.Single(f => f.Reference == reference).Figures.Single(m => m.Measure == "volumeMl").Value;
        var (sum, whole) = (Ml("F7") + Ml("F9") + Ml("F10") + Ml("F11"), Ml("F12"));
        return
        [
            new("F14 four districts, ml", sum, Event: (decimal)city["volumeMl"]!, Note: $"{city["sharePercent"]} % of F12"),
            new("F14 the rest of F12, ml", whole - sum, Event: (decimal)city["remainderMl"]!),
        ];
    }

    private static string Words(string measure) => measure switch
    {
        "volumeMl" => "ml", "personTimes" => "times", "treatmentUnits" => "treatment units", "stemCellSamples" => "stem-cell samples", "stemCellDonations" => "stem-cell donations",
        "yearsWithoutTransfusionInfection" => "years without infection", _ => measure,
    };
}
