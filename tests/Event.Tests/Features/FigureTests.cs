using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class FigureTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private HttpClient Http => events.Station(Some.Id());

    private static object District(string code, object figures, string source, object? period = null, decimal? yearOnYear = null, object? bounds = null) =>
        new { subject = new { kind = "district", code }, period = period ?? new { year = 2023 }, figures, source, yearOnYearPercent = yearOnYear, bounds };

    private static async Task<string[]> Csv(HttpClient reader, string path) => (await (await reader.GetAsync(new Uri(path + "&format=csv", UriKind.Relative))).Content.ReadAsStringAsync()).ReplaceLineEndings("\n").Split('\n');

    [Fact]
    public async Task The_years_reported_figures_load_with_their_flags_and_imply_the_year_before()
    {
        var source = "特刊 " + Some.Key()[..8];
        var taishan = await Http.Post("/v1/reported-figures", District("440781", new { drives = 50, personTimes = 11190, volumeMl = 2390400 }, source, null, 11.18m, new { drives = "at-least" }));
        Assert.Equal((201, "ok"), (taishan.Status, taishan.Text("qualityFlag")));
        Assert.Equal((2022, 2150027L), (taishan["impliedPreviousYear"].GetProperty("year").GetInt32(), taishan["impliedPreviousYear"].GetProperty("volumeMl").GetInt64()));
        Assert.Equal(213.62m, taishan["mlPerDonation"].GetDecimal());
        await Http.Post("/v1/reported-figures", District("440785", new { volumeMl = 1236400 }, source, null, 1.46m));
        await Http.Post("/v1/reported-figures", District("440784", new { persons = 4364, volumeMl = 1270900 }, source));
        await Http.Post("/v1/reported-figures", District("440705", new { volumeMl = 2347700 }, source));
        await Http.Post("/v1/reported-figures", District("440705", new { stemCellSamples = 59, stemCellDonations = 1 }, source)); // other measures of the same subject, period and source
        var city = await Http.Post("/v1/reported-figures", new { subject = new { kind = "city", code = "440700" }, period = new { year = 2023 }, source, figures = new { personTimes = 52000, volumeMl = 13730000 }, bounds = new { personTimes = "about", volumeMl = "at-least" } });
        Assert.Equal("ok", city.Text("qualityFlag"));
        Assert.Equal("ok", (await Http.Post("/v1/reported-figures", new { subject = new { kind = "city", code = "440700" }, period = new { year = 2023 }, source, figures = new { yearsWithoutTransfusionInfection = 26 } })).Text("qualityFlag"));
        var street = await Http.Post("/v1/reported-figures", new { subject = new { kind = "organisation", name = "会城街道" }, period = new { from = "2022-01-01", to = "2023-12-31" }, source, figures = new { drives = 24, personTimes = 2496, volumeMl = 499000 } });
        Assert.Equal((201, "reported_inconsistent", 199.92m), (street.Status, street.Text("qualityFlag"), street["mlPerDonation"].GetDecimal()));
        var unstated = await Http.Post("/v1/reported-figures", new { subject = new { kind = "organisation", name = "职业技术学院" }, source, figures = new { drives = 14, personTimes = 781, volumeMl = 189630 } });
        Assert.Equal((System.Text.Json.JsonValueKind.Null, "partial_collections"), (unstated["period"].ValueKind, unstated["findings"][0].GetProperty("code").GetString()));

        var year = await events.Authority("440700").Get("/v1/statistics?by=district&year=2023");
        var items = year["items"].EnumerateArray().ToArray();
        var whole = Assert.Single(items, i => i.GetProperty("subject").GetProperty("kind").GetString() == "city");
        Assert.Equal((4, 7245400L, 6484600L, 52.8m), (whole.GetProperty("reportedDistricts").GetProperty("districts").GetInt32(), whole.GetProperty("reportedDistricts").GetProperty("volumeMl").GetInt64(),
            whole.GetProperty("reportedDistricts").GetProperty("remainderMl").GetInt64(), whole.GetProperty("reportedDistricts").GetProperty("sharePercent").GetDecimal()));
        var before = (await events.Authority("440700").Get("/v1/statistics?by=district&year=2022"))["items"].EnumerateArray().Single(i => i.GetProperty("subject").GetProperty("code").GetString() == "440785");
        var implied = before.GetProperty("impliedByNextYear")[0];
        Assert.Equal((1218608L, true), (implied.GetProperty("volumeMl").GetInt64(), implied.GetProperty("atLeastMl").GetInt64() <= 1218609 && 1218609 <= implied.GetProperty("atMostMl").GetInt64()));
        Assert.Empty((await events.Authority("110000").Get("/v1/statistics?by=district&year=2023"))["items"].EnumerateArray());
        // The spreadsheet has the districts' part in the city's line, and nothing of it in a district's.
        var lines = await Csv(events.Authority("440700"), "/v1/statistics?by=district&year=2023");
        Assert.EndsWith("reportedFlag,donationsPreviousYear,treatmentUnitsPreviousYear,firstTimePreviousYear,reportedDistricts,reportedDistrictsVolumeMl,reportedDistrictsRemainderMl,reportedDistrictsSharePercent", lines[0], StringComparison.Ordinal);
        string[] Of(string subject) => Assert.Single(lines, l => l.StartsWith(subject, StringComparison.Ordinal)).Split(',');
        Assert.Equal(["13730000", "ok"], Of("city,440700,")[16..18]);
        Assert.Equal(["4", "7245400", "6484600", "52.8"], Of("city,440700,")[^4..]);
        Assert.Equal(["", "", "", ""], Of("district,440781,")[^4..]);
    }

    [Fact]
    public async Task Counted_and_reported_stand_side_by_side_and_are_never_added()
    {
        var (station, organisation) = (Some.Id(), await events.Organisation());
        foreach (var (year, donors) in new[] { (2016, 2), (2017, 3) })
        {
            var day = new DateTimeOffset(year, 12, 31, 23, 0, 0, TimeSpan.FromHours(8)).AddHours(-9); // a Shanghai date, all of it
            var drive = await events.PastDrive(station, day, organisation: organisation);
            for (var i = 0; i < donors; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, day, 400, station: station));
        }
        var source = Some.Key();
        await Http.Post("/v1/reported-figures", new { subject = new { kind = "organisation", organisationId = organisation }, period = new { year = 2017 }, source, figures = new { persons = 10, volumeMl = 3000 } });
        var row = (await events.Station(station).Get("/v1/statistics?by=organisation&year=2017"))["items"].EnumerateArray().Single(i => i.GetProperty("subject").GetProperty("organisationId").GetGuid() == organisation);
        Assert.Equal((3, 1200, 800, 50m), (row.GetProperty("counted").GetProperty("donations").GetInt32(), row.GetProperty("counted").GetProperty("volumeMl").GetInt32(),
            row.GetProperty("countedPreviousYear").GetProperty("volumeMl").GetInt32(), row.GetProperty("countedYearOnYearPercent").GetDecimal()));
        Assert.Equal(3000, row.GetProperty("reported")[0].GetProperty("figures").GetProperty("volumeMl").GetInt32());
        Assert.Equal("测试大学", row.GetProperty("subject").GetProperty("name").GetString());
        Assert.Equal("""{"400":3} {"walk-in":3} {"drives":1,"booked":0,"checkedIn":0,"deferred":0}""", $"{row.GetProperty("byNominalMl")} {row.GetProperty("byChannel")} {row.GetProperty("attendance")}");
        // The same by two dates, which a year's figure touches; a day later there is nothing.
        var days = (await events.Station(station).Get("/v1/statistics?by=organisation&from=2017-12-31&to=2017-12-31"))["items"].EnumerateArray().Single(i => i.GetProperty("subject").GetProperty("organisationId").GetGuid() == organisation);
        Assert.Equal((3, 800, 1), (days.GetProperty("counted").GetProperty("donations").GetInt32(), days.GetProperty("countedPreviousYear").GetProperty("volumeMl").GetInt32(), days.GetProperty("reported").GetArrayLength()));
        var flag = row.GetProperty("reported")[0].GetProperty("qualityFlag").GetString();
        Assert.Contains($"organisation,,{organisation},测试大学,2017-01-01,2017-12-31,1,0,0,0,3,1200,0,0,800,50.0,3000,{flag},2,0,0,,,,", await Csv(events.Station(station), "/v1/statistics?by=organisation&year=2017"));
        // A year that fell behind the one before is below zero, and still a number.
        var (shrunk, less) = (Some.Id(), await events.Organisation());
        foreach (var (year, donors) in new[] { (2018, 2), (2019, 1) })
            for (var i = 0; i < donors; i++)
            {
                var drive = await events.PastDrive(shrunk, new DateTimeOffset(year, 5, 6, 9, 0, 0, TimeSpan.FromHours(8)), organisation: less);
                await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, new DateTimeOffset(year, 5, 6, 10, 0, 0, TimeSpan.FromHours(8)), 400, station: shrunk));
            }
        Assert.Contains($"organisation,,{less},测试大学,2019-01-01,2019-12-31,1,0,0,0,1,400,0,0,800,-50.0,,,2,0,0,,,,", await Csv(events.Station(shrunk), "/v1/statistics?by=organisation&year=2019"));
        var district = (await events.Station(station).Get("/v1/statistics?by=district&year=2017"))["items"].EnumerateArray().Single();
        Assert.Equal(("440703", 3), (district.GetProperty("subject").GetProperty("code").GetString(), district.GetProperty("counted").GetProperty("donations").GetInt32()));
        Assert.Empty((await events.Station(Some.Id()).Get("/v1/statistics?by=district&year=2017"))["items"].EnumerateArray()); // another station counts its own
    }

    [Fact]
    public async Task The_same_report_again_is_the_same_figure_and_a_differing_one_is_refused()
    {
        var source = Some.Key();
        var first = await Http.Post("/v1/reported-figures", District("440303", new { volumeMl = 1000000, persons = 4000 }, source));
        var same = await Http.Post("/v1/reported-figures", District("440303", new { volumeMl = 1000000, persons = 4000 }, source));
        Assert.Equal((201, 200, first.Id), (first.Status, same.Status, same.Id));
        Assert.Equal(first.Body.ToString(), (await Http.Get($"/v1/reported-figures/{first.Id}")).Body.ToString());
        Assert.Equal((409, "figure_already_reported"), Code(await Http.Post("/v1/reported-figures", District("440303", new { volumeMl = 1000001, persons = 4000 }, source))));
        Assert.Equal(201, (await Http.Post("/v1/reported-figures", District("440303", new { volumeMl = 1000001 }, source + "b"))).Status);
        var together = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Http.Post("/v1/reported-figures", District("440303", new { treatmentUnits = 70 + i }, source))));
        Assert.Equal((1, 7), (together.Count(a => a.Status == 201), together.Count(a => a.Code == "figure_already_reported")));
    }

    [Theory]
    [InlineData("""{"subject":{"kind":"planet","code":"440703"},"period":{"year":2023},"figures":{"volumeMl":1},"source":"x"}""", 422, "/subject/kind")]
    [InlineData("""{"subject":{"kind":"district"},"period":{"year":2023},"figures":{"volumeMl":1},"source":"x"}""", 422, "/subject/code")]
    [InlineData("""{"subject":{"kind":"organisation"},"period":{"year":2023},"figures":{"volumeMl":1},"source":"x"}""", 422, "/subject/organisationId")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2023},"figures":{},"source":"x"}""", 422, "/figures")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2023},"figures":{"volumeMl":-1},"source":"x"}""", 422, "/figures/volumeMl")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2999},"figures":{"volumeMl":1},"source":"x"}""", 422, "/period")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"from":"2023-02-30","to":"2023-03-01"},"figures":{"volumeMl":1},"source":"x"}""", 400, "/period/from")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"from":"2023-03-02","to":"2023-03-01"},"figures":{"volumeMl":1},"source":"x"}""", 422, "/period/to")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2023,"from":"2023-03-01"},"figures":{"volumeMl":1},"source":"x"}""", 422, "/period")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2023},"figures":{"volumeMl":1},"bounds":{"volumeMl":"roughly"},"source":"x"}""", 422, "/bounds/volumeMl")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2023},"figures":{"persons":1},"yearOnYearPercent":3,"source":"x"}""", 422, "/yearOnYearPercent")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2023},"figures":{"volumeMl":1},"yearOnYearPercent":-100,"source":"x"}""", 422, "/yearOnYearPercent")]
    [InlineData("""{"subject":{"kind":"district","code":"440703"},"period":{"year":2023},"figures":{"volumeMl":1},"source":"x","qualityFlag":"perfect"}""", 422, "/qualityFlag")]
    public async Task What_nobody_can_have_reported_is_refused(string body, int status, string pointer)
    {
        var before = await service.Database.Scalar<long>("select count(*) from event.reported_figure");
        var answer = await Http.PostRaw("/v1/reported-figures", body);
        Assert.Equal(status, answer.Status);
        Assert.Contains(pointer, answer["errors"].EnumerateArray().Select(e => e.GetProperty("pointer").GetString()));
        Assert.Equal(before, await service.Database.Scalar<long>("select count(*) from event.reported_figure"));
    }

    [Fact]
    public async Task Only_stations_and_the_authority_of_the_place_report()
    {
        var figure = District("440703", new { volumeMl = 1000 }, Some.Key(), new { year = 2019 });
        Assert.Equal((403, "role_forbidden"), Code(await events.Organiser(Some.Id()).Post("/v1/reported-figures", figure)));
        Assert.Equal(404, (await events.Authority("440300").Post("/v1/reported-figures", figure)).Status);
        Assert.Equal(201, (await events.Authority("440700").Post("/v1/reported-figures", figure)).Status);
        Assert.Equal((422, "invalid_value"), Code(await Http.Get("/v1/statistics?by=moon&year=2023")));
        foreach (var none in new[] { "", "&from=2023-01-01", "&year=2023&from=2023-01-01&to=2023-02-01", "&from=2023-02-01&to=2023-01-01", "&from=2022-01-01&to=2023-01-01", "&year=2023&format=xls" })
            Assert.Equal((422, "invalid_value"), Code(await Http.Get("/v1/statistics?by=district" + none)));
    }

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);
}
