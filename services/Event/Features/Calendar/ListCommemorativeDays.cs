using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Calendar;

/// <summary>A commemorative day of a year; `names` in both languages, `lunar` where its date moves from year to year.</summary>
public sealed record CommemorativeDayView(string Code, DateOnly Date, DayNames Names, bool Lunar, string Source);

public sealed record DayNames([property: System.Text.Json.Serialization.JsonPropertyName("zh-CN")] string Zh, string En);

/// <summary>GET /v1/commemorative-days?year= or ?from=&amp;to=: to everybody, soonest first; without either, the year from today on.</summary>
public static class ListCommemorativeDays
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/commemorative-days", Handle).Public()
        .WithSummary("The days on which donors are thanked or asked");

    private static Results<Ok<Page<CommemorativeDayView>>, ProblemHttpResult> Handle(int? year, DateOnly? from, DateOnly? to, TimeProvider clock)
    {
        if (year is not null && (from is not null || to is not null)) return CommonProblems.Invalid.With(null, new FieldError("/year", "both_year_and_range", "year, or from and to"));
        if (year is < CommemorativeDays.FirstYear or > CommemorativeDays.LastYear) return CommonProblems.Invalid.With(null, new FieldError("/year", "out_of_range", $"From {CommemorativeDays.FirstYear} to {CommemorativeDays.LastYear}"));
        var first = year is { } y ? new DateOnly(y, 1, 1) : from ?? Shanghai.DateOf(clock.GetUtcNow());
        var last = year is { } same ? new DateOnly(same, 12, 31) : to ?? (first.Year < CommemorativeDays.LastYear ? first.AddYears(1).AddDays(-1) : new DateOnly(CommemorativeDays.LastYear, 12, 31));
        if (first.Year < CommemorativeDays.FirstYear || last.Year > CommemorativeDays.LastYear || last < first || last.Year - first.Year > 10)
            return CommonProblems.Invalid.With(null, new FieldError("/to", "out_of_range", $"At most ten years, between {CommemorativeDays.FirstYear} and {CommemorativeDays.LastYear}"));
        return TypedResults.Ok(new Page<CommemorativeDayView>([.. CommemorativeDays.Between(first, last).Select(d => new CommemorativeDayView(d.Day.Code, d.Date, new(d.Day.NameZh, d.Day.NameEn), d.Day.Lunar, d.Day.Source))], null));
    }
}
