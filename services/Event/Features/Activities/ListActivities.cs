using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Activities;

/// <summary>
/// The log of an organisation with all below it, newest first, and over the same days what of it stands, by kind. In a sum an unknown is left out
/// and counted in `…Unknown`: a sum never passes it off as zero.
/// </summary>
public sealed record ActivityLogView(IReadOnlyList<ActivityView> Items, string? Next, IReadOnlyList<ActivitySumView> ByKind);

public sealed record ActivitySumView(string Kind, int Activities, long Reach, int ReachUnknown, decimal Hours, int HoursUnknown, long Items, int ItemsUnknown);

/// <summary>GET /v1/activities?organisationId=&amp;from=&amp;to=&amp;kind=: dates are both included.</summary>
public static class ListActivities
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/activities", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Outreach of an organisation and of all below it");

    private static async Task<Results<Ok<ActivityLogView>, ProblemHttpResult>> Handle(Guid organisationId, DateOnly? from, DateOnly? to, string? kind, int? limit, string? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var after = ((DateOnly On, Guid Id)?)null;
        if (cursor is not null && (after = CursorOf(cursor)) is null) return CommonProblems.Invalid.With("Send the cursor that the page before named in next", new FieldError("/cursor", "invalid", "Not a cursor of this list"));
        var organisation = await db.QuerySingle<Doer>("select path, district, event.stations_of(district) as stations from event.organisation where id = @organisationId", new { organisationId }, ct);
        if (organisation is null) return CommonProblems.Unknown(organisationId);
        if (!OrganisationRow.IsManagedBy(caller, organisation.Path, organisation.District, organisation.Stations)) return CommonProblems.NotFound.With();

        const string wanted = "o.path @> array[@organisationId] and (@from::date is null or a.held_on >= @from) and (@to::date is null or a.held_on <= @to) and (@kind::text is null or a.kind = @kind)";
        var asked = new { organisationId, from, to, kind, on = after?.On, id = after?.Id ?? Guid.Empty, rows = Answers.Limit(limit) + 1 };
        var rows = await db.Query<ActivityRow>($"{ActivityRow.Select} where {wanted} and (@on::date is null or (a.held_on, a.id) < (@on, @id)) order by a.held_on desc, a.id desc limit @rows", asked, ct);
        var sums = await db.Query<ActivitySumView>($"""
            select a.kind, count(*)::int as activities, coalesce(sum(a.reach), 0)::bigint as reach, (count(*) - count(a.reach))::int as reach_unknown,
                   coalesce(sum(a.hours), 0) as hours, (count(*) - count(a.hours))::int as hours_unknown, coalesce(sum(a.items), 0)::bigint as items, (count(*) - count(a.items))::int as items_unknown
            from event.activity a join event.organisation o on o.id = a.organisation_id where {wanted} and a.voided_at is null group by a.kind order by a.kind
            """, asked, ct);
        var page = Page<ActivityView>.From(rows.ConvertAll(r => r.View), Answers.Limit(limit), v => $"{v.HeldOn.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}_{v.Id}");
        return TypedResults.Ok(new ActivityLogView(page.Items, page.Next, sums));
    }

    private static (DateOnly, Guid)? CursorOf(string text) => text.Split('_') is [var a, var b]
        && DateOnly.TryParseExact(a, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var on) && Guid.TryParse(b, out var id) ? (on, id) : null;

    private sealed record Doer(Guid[] Path, string District, Guid[] Stations);
}
