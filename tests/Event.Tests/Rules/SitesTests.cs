using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class SitesTests
{
    [Theory]
    [InlineData(6, null, 60, "whole-blood", 18)]
    [InlineData(6, 2, 60, "whole-blood", 12)] // two attend four beds
    [InlineData(6, 5, 60, "whole-blood", 18)] // ten could be attended; there are six
    [InlineData(6, null, 30, "whole-blood", 9)]
    [InlineData(4, null, 60, "apheresis-platelets", 2)] // 240 bed minutes ÷ 90
    [InlineData(0, 3, 60, "whole-blood", 0)]
    public void Beds_staff_and_minutes_say_how_many(int beds, int? staff, int minutes, string procedure, int capacity) => Assert.Equal(capacity, Sites.Capacity(beds, staff, minutes, [procedure]));

    [Fact]
    public void A_site_is_its_stations_of_its_kind_and_qualified_through_the_day()
    {
        var (station, day) = (Some.Id(), new DateOnly(2026, 6, 14));
        SiteFacts hall = new(Some.Id(), "visited", station, 4, day), bus = new(Some.Id(), "vehicle", station, 4, day.AddDays(-1)), bare = new(Some.Id(), "fixed", station, 4, null);
        Assert.Null(Sites.Forbid(station, day, hall.Id, null, [hall]));
        Assert.Null(Sites.Forbid(station, day, null, null, []));
        Assert.Equal(Problems.SiteNotQualified, Sites.Forbid(station, day.AddDays(1), hall.Id, null, [hall])!.Problem);
        Assert.Equal(Problems.SiteNotQualified, Sites.Forbid(station, day, hall.Id, bus.Id, [hall, bus])!.Problem);
        Assert.Equal(Problems.SiteNotQualified, Sites.Forbid(station, day, bare.Id, null, [bare])!.Problem);
        Assert.Equal(Problems.SiteUnknown, Sites.Forbid(Some.Id(), day, hall.Id, null, [hall])!.Problem);
        Assert.Equal(Problems.SiteUnknown, Sites.Forbid(station, day, bus.Id, null, [bus])!.Problem);
        Assert.Equal(Problems.SiteUnknown, Sites.Forbid(station, day, null, hall.Id, [hall])!.Problem);
    }
}
