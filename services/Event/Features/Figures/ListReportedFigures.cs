using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Figures;

/// <summary>GET /v1/reported-figures?kind=&amp;code=&amp;organisationId=&amp;year=&amp;qualityFlag=: `year` finds every period that touches it.</summary>
public static class ListReportedFigures
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/reported-figures", Handle)
        .Allow("statistics", Roles.Station, Roles.Authority, Roles.Admin)
        .WithSummary("Reported figures, oldest first");

    private static async Task<Ok<Page<FigureView>>> Handle(string? kind, string? code, Guid? organisationId, int? year, string? qualityFlag, int? limit, Guid? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var rows = await db.Query<FigureRow>(FigureRow.Select + """
             where (@kind::text is null or f.subject_kind = @kind) and (@code::text is null or f.subject_code = @code) and (@organisationId::uuid is null or f.organisation_id = @organisationId)
               and (@year::int is null or @year between extract(year from f.period_from) and extract(year from f.period_to))
               and (@qualityFlag::text is null or f.quality_flag = @qualityFlag) and (@cursor::uuid is null or f.id > @cursor)
               and (not @limited or coalesce(f.subject_code, o.district) is null
                    or exists (select from unnest(@districts) a where coalesce(f.subject_code, o.district) like regexp_replace(a, '(00)+$', '') || '%'))
            order by f.id limit @rows
            """, new { kind, code, organisationId, year, qualityFlag, cursor, limited = caller.Is(Roles.Authority), districts = caller.Districts.ToArray(), rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<FigureView>.From(rows.ConvertAll(r => r.View), Answers.Limit(limit), f => f.Id.ToString()));
    }
}
