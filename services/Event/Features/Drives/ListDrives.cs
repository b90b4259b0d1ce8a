using System.Globalization;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>
/// GET /v1/drives?from=&amp;to=&amp;district=&amp;near=lat,lng&amp;procedure=: the public's drives one can still go to, soonest first. `from` and `to`
/// are Shanghai dates, both included; `near` keeps those within 20 km and tells the distance; `district` may be a whole city (440700).
/// With a token and `mine=true`: the caller's own drives of every status, an organiser's with those it hosts or co-organises, also by `status=`.
/// </summary>
public static class ListDrives
{
    private const string Own = """
        ((@role = 'station' and (d.station_id = @tenant or (d.station_id is null and d.status = 'submitted' and @tenant = any(event.stations_of(d.district)))))
            or (@role = 'organiser' and (o.path @> array[@tenant]::uuid[] or d.id in (
                select h.id from event.organisation x join event.drive h on h.host_organisation_id = x.id where x.path @> array[@tenant]::uuid[]
                union all select h.id from event.organisation x join event.drive h on h.parties @> jsonb_build_array(jsonb_build_object('organisationId', x.id, 'role', 'co-organiser')) where x.path @> array[@tenant]::uuid[])))
            or (@role = 'authority' and exists (select from unnest(@districts::text[]) a where d.district like regexp_replace(a, '(00)+$', '') || '%'))
            or @role = 'admin')
        """;

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives", Handle).Public()
        .WithSummary("Drives open to the public; with mine=true one's own");

    private static async Task<Results<Ok<Page<DriveView>>, ProblemHttpResult>> Handle(
        DateOnly? from, DateOnly? to, string? district, string? near, string? procedure, bool? mine, string? status, int? limit, string? cursor, HttpContext http, Database db, TimeProvider clock, CancellationToken ct)
    {
        var caller = Viewer.Of(http, "drives");
        if (mine is true && caller is null) return CommonProblems.TokenRequired.With("mine=true needs a token with the scope drives");
        if (PublicDrives.Parse(near, out var point) is { } invalid) return invalid;
        var after = ((DateTimeOffset StartsAt, Guid Id)?)null;
        if (cursor is not null && (after = CursorOf(cursor)) is null) return CommonProblems.Invalid.With("Send the cursor that the page before named in next", new FieldError("/cursor", "invalid", "Not a cursor of this list"));

        var rows = await db.Query<NearRow>($"""
            select * from (
                select {DriveRow.Columns}, {PublicDrives.Distance(point)} as distance_km
                from event.drive d join event.organisation o on o.id = d.organisation_id
                where {(mine is true ? Own : "d.visibility = 'public' and d.status in ('approved', 'open', 'started') and (@from::date is not null or d.ends_at > @now)")}
                  and (@status::text is null or d.status = @status)
                  {PublicDrives.Filter(point)}
                  and (@afterStart::timestamptz is null or (d.starts_at, d.id) > (@afterStart, @afterId))) found
            where {PublicDrives.Near}
            order by starts_at, id limit @rows
            """, new
            {
                role = caller?.Role ?? "", tenant = caller?.TenantId ?? Guid.Empty, districts = caller?.Districts.ToArray() ?? [], status, from, to, district, procedure, now = clock.GetUtcNow(),
                afterStart = after?.StartsAt, afterId = after?.Id ?? Guid.Empty, rows = Answers.Limit(limit) + 1,
            }, ct);
        return TypedResults.Ok(Page<DriveView>.From(rows.ConvertAll(r => r.ViewFor(caller, clock.GetUtcNow(), r.DistanceKm is { } km ? Math.Round(km, 1) : null)), Answers.Limit(limit),
            d => $"{d.StartsAt.UtcTicks.ToString(CultureInfo.InvariantCulture)}_{d.Id}"));
    }

    private static (DateTimeOffset, Guid)? CursorOf(string text) => text.Split('_') is [var a, var b]
        && long.TryParse(a, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks && Guid.TryParse(b, out var id) ? (new DateTimeOffset(ticks, TimeSpan.Zero), id) : null;
}

/// <summary>What the list of public drives and its calendar filter by. @from, @to, @district and @procedure are theirs.</summary>
internal static class PublicDrives
{
    private const int RadiusKm = 20;

    /// <summary>Of what has a `distance_km`.</summary>
    public const string Near = "(distance_km is null or distance_km < 20.05)";

    /// <summary>Reads `near`; a point that is half given, on no globe or 0,0 (an empty form's coordinates) is refused.</summary>
    public static ProblemHttpResult? Parse(string? near, out (double Latitude, double Longitude)? point)
    {
        point = null;
        if (near is null) return null;
        if (near.Split(',') is not [var a, var b] || !double.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out var latitude) || !double.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out var longitude)
            || !(Math.Abs(latitude) <= 90 && Math.Abs(longitude) <= 180))
            return CommonProblems.Invalid.With("near is latitude,longitude", new FieldError("/near", "invalid", "Such as 22.57,113.08"));
        if (latitude is 0 && longitude is 0) return CommonProblems.Invalid.With("near is 0,0", new FieldError("/near", "zero", "0,0 lies in the Atlantic: the position is not known"));
        point = (latitude, longitude);
        return null;
    }

    /// <summary>
    /// Kilometres over the ground; null where no point was given. As they are: rounding each of hundreds that are compared costs more than the sines. An answer says
    /// 100 m, so that what would be told as 20.0 km counts.
    /// </summary>
    public static string Distance((double Latitude, double Longitude)? point) => point is not var (latitude, longitude) ? "null::float8" : string.Create(CultureInfo.InvariantCulture,
        $"6371 * 2 * asin(sqrt(power(sin(radians(d.latitude - {latitude:F6}) / 2), 2) + cos(radians({latitude:F6})) * cos(radians(d.latitude)) * power(sin(radians(d.longitude - {longitude:F6}) / 2), 2)))");

    /// <summary>
    /// The box around the circle, for the index on the place, before any distance is computed. Its numbers stand in the statement: only
    /// a planner who sees them can tell a far corner (few drives, by place) from the middle of a city (many, by time).
    /// </summary>
    public static string Filter((double Latitude, double Longitude)? point)
    {
        const string others = """
            and (@from::date is null or d.ends_at >= @from::timestamp at time zone 'Asia/Shanghai')
            and (@to::date is null or d.starts_at < (@to::date + 1)::timestamp at time zone 'Asia/Shanghai')
            and (@district::text is null or d.district like regexp_replace(@district, '(00)+$', '') || '%')
            and (@procedure::text is null or @procedure = any(d.procedures))
            """;
        if (point is not var (latitude, longitude)) return others;
        var north = RadiusKm / 111.0;
        var east = Math.Min(360, north / Math.Max(0.001, Math.Cos(Math.Min(90, Math.Abs(latitude) + north) * Math.PI / 180)));
        return string.Create(CultureInfo.InvariantCulture, $"{others} and d.latitude between {latitude - north:F6} and {latitude + north:F6} and d.longitude between {longitude - east:F6} and {longitude + east:F6}");
    }
}

internal sealed record NearRow : DriveRow
{
    public double? DistanceKm { get; init; }
}
