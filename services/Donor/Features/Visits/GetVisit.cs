using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>GET /v1/visits/{id} and GET /v1/visits: the station's own.</summary>
public static class GetVisit
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/visits/{id:guid}", One).Allow("visits", Roles.Station).WithSummary("A visit");
        app.MapGet("/v1/visits", List).Allow("visits", Roles.Station).WithSummary("Visits of the station, of a drive, in a status");
    }

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> One(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Read(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            tx.Audit("visit.read", $"visits/{id}");
            return Answers.Ok(visit.Row.Version, visit.View());
        }, ct);

    private static async Task<Ok<Page<VisitItem>>> List(Caller caller, Database db, CancellationToken ct, Guid? driveId = null, string? status = null, int? limit = null, Guid? cursor = null)
    {
        var take = Answers.Limit(limit);
        var rows = await db.Query<VisitItem>("""
            select v.id, coalesce((select q.person_id from donor.donor_person q where q.donor_id = v.donor_id), v.donor_id) as donor_id, v.drive_id, v.appointment_id, v.status, v.opened_at, v.backfilled, v.procedure, v.din,
                   case when d.din is null then v.nominal_ml else d.nominal_ml end as nominal_ml, case when d.din is null then v.collected_ml else d.collected_ml end as collected_ml,
                   case when d.din is null then v.treatment_units else d.treatment_units end as treatment_units, coalesce(d.voided, false) or exists (select from donor.visit_void w where w.visit_id = v.id) as voided
            from donor.visit v left join donor.donation_as_it_stands d on d.visit_id = v.id
            where v.station_id = @station and (@driveId::uuid is null or v.drive_id = @driveId) and (@status::text is null or v.status = @status) and (@cursor::uuid is null or v.id > @cursor)
            order by v.id limit @more
            """, new { station = caller.Tenant, driveId, status, cursor, more = take + 1 }, ct);
        return TypedResults.Ok(Page<VisitItem>.From(rows, take, v => v.Id.ToString()));
    }
}
