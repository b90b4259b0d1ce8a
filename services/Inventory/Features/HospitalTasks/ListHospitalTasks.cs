using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.HospitalTasks;

/// <summary>GET /v1/hospital-tasks: the hospital's own, or what the station's hospitals were asked and answered, in the order in which they were opened.</summary>
public static class ListHospitalTasks
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/hospital-tasks", Handle).Allow("orders", Roles.Hospital, Roles.Station).WithSummary("Bags that hospitals are asked for under a recall or look-back");

    private static async Task<Results<Ok<Page<HospitalTaskView>>, ProblemHttpResult>> Handle(
        [AllowedValues("open", "answered", null)] string? status, [AllowedValues("recall", "lookback", null)] string? why, int? limit, string? cursor, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        var side = caller.Is(Roles.Hospital) ? "hospital_id" : "station_id";
        var rows = await db.Query<HospitalTaskRow>($"""
            {HospitalTaskRow.Select} where t.{side} = @Tenant and t.id > @after and (@status::text is null or (t.outcome is null) = (@status = 'open')) and (@why::text is null or t.why = @why)
            order by t.id limit @take + 1
            """, new { caller.Tenant, after, status, why, take }, ct);
        return TypedResults.Ok(Page<HospitalTaskView>.From([.. rows.Select(r => r.View(caller, clock.GetUtcNow()))], take, r => r.Id.ToString()));
    }
}
