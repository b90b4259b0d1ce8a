using System.Globalization;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>
/// GET /v1/drives?from=&amp;to=&amp;district=&amp;near=lat,lng&amp;procedure=: the public's drives one can still go to, soonest first. `from` and `to`
/// are Shanghai dates, both included; `near` keeps those within 20 km and tells the distance; `district` may be a whole city (440700).
/// With a token and `mine=true`: the caller's own drives of every status, also by `status=`.
/// </summary>
public static class ListDrives
{
    private const double RadiusKm = 20;

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives", Handle).Public()
        .WithSummary("Drives open to the public; with mine=true one's own");

    private static async Task<Results<Ok<Page<DriveView>>, ProblemHttpResult>> Handle(
        DateOnly? from, DateOnly? to, string? district, string? near, string? procedure, bool? mine, string? status, int? limit, string? cursor, HttpContext http, Database db, TimeProvider clock, CancellationToken ct)
    {
        var caller = Viewer.Of(http, "drives");
        if (mine is true && caller is null) return CommonProblems.TokenRequired.With("mine=true needs a token with the scope drives");
        var point = ((double Latitude, double Longitude)?)null;
        if (near is not null && (point = PointOf(near)) is null) return CommonProblems.Invalid.With("near is latitude,longitude", new FieldError("/near", "invalid", "Such as 22.57,113.08"));
        var after = ((DateTimeOffset StartsAt, Guid Id)?)null;
        if (cursor is not null && (after = CursorOf(cursor)) is null) return CommonProblems.Invalid.With("Send the cursor that the page before named in next", new FieldError("/cursor", "invalid", "Not a cursor of this list"));

        var rows = await db.Query<NearRow>($"""
            select * from (
                select {DriveRow.Columns}, case when @latitude::float8 is not null and d.latitude is not null and d.longitude is not null then
                    round((6371 * 2 * asin(sqrt(power(sin(radians(d.latitude - @latitude) / 2), 2) + cos(radians(@latitude)) * cos(radians(d.latitude)) * power(sin(radians(d.longitude - @longitude) / 2), 2))))::numeric, 1)::float8 end as distance_km
                from event.drive d join event.organisation o on o.id = d.organisation_id
                where (case when @mine then
                            (@role = 'station' and (d.station_id = @tenant or (d.station_id is null and d.status = 'submitted')))
                            or (@role = 'organiser' and o.path @> array[@tenant]::uuid[])
                            or (@role = 'authority' and exists (select from unnest(@districts::text[]) a where d.district like regexp_replace(a, '(00)+$', '') || '%'))
                            or @role = 'admin'
                       else d.visibility = 'public' and d.status in ('approved', 'open', 'started') end)
                  and (@status::text is null or d.status = @status)
                  and (@from::date is null or (d.ends_at at time zone 'Asia/Shanghai')::date >= @from)
                  and (@to::date is null or (d.starts_at at time zone 'Asia/Shanghai')::date <= @to)
                  and (@district::text is null or d.district like regexp_replace(@district, '(00)+$', '') || '%')
                  and (@procedure::text is null or @procedure = any(d.procedures))
                  and (@afterStart::timestamptz is null or (d.starts_at, d.id) > (@afterStart, @afterId))) found
            where @latitude::float8 is null or distance_km <= @RadiusKm
            order by starts_at, id limit @rows
            """, new
            {
                mine = mine is true, role = caller?.Role ?? "", tenant = caller?.TenantId ?? Guid.Empty, districts = caller?.Districts.ToArray() ?? [], status, from, to, district, procedure,
                afterStart = after?.StartsAt, afterId = after?.Id ?? Guid.Empty, latitude = point?.Latitude, longitude = point?.Longitude ?? 0, RadiusKm, rows = Answers.Limit(limit) + 1,
            }, ct);
        return TypedResults.Ok(Page<DriveView>.From(rows.ConvertAll(r => r.ViewFor(caller, clock.GetUtcNow(), r.DistanceKm)), Answers.Limit(limit),
            d => $"{d.StartsAt.UtcTicks.ToString(CultureInfo.InvariantCulture)}_{d.Id}"));
    }

    private static (double, double)? PointOf(string text) => text.Split(',') is [var a, var b]
        && double.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out var latitude) && double.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out var longitude)
        && Math.Abs(latitude) <= 90 && Math.Abs(longitude) <= 180 ? (latitude, longitude) : null;

    private static (DateTimeOffset, Guid)? CursorOf(string text) => text.Split('_') is [var a, var b]
        && long.TryParse(a, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks && Guid.TryParse(b, out var id) ? (new DateTimeOffset(ticks, TimeSpan.Zero), id) : null;
}

internal sealed record NearRow : DriveRow
{
    public double? DistanceKm { get; init; }
}
