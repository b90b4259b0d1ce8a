using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Projections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>GET /v1/appointments?driveId=&amp;donorId=&amp;status=</summary>
public static class ListAppointments
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/appointments", Handle)
        .Allow("appointments", Roles.Station, Roles.App)
        .WithSummary("Bookings, oldest first");

    private static async Task<Ok<Page<AppointmentView>>> Handle(Guid? driveId, Guid? donorId, string? status, int? limit, Guid? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var rows = await db.Query<AppointmentRow>(AppointmentRow.Select + $"""
             where (@driveId::uuid is null or a.drive_id = @driveId) and (@donorId::uuid is null or a.donor_id in {Persons.Ids("@donorId")})
               and (@status::text is null or a.status = @status) and (@cursor::uuid is null or a.id > @cursor)
               and case when @station then d.station_id = @tenant else exists (select from event.donor p where p.donor_id = {Persons.Of("a.donor_id")} and p.apps @> array[@tenant]::uuid[]) end
            order by a.id limit @rows
            """, new { driveId, donorId, status, cursor, station = caller.Is(Roles.Station), tenant = caller.Tenant, rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<AppointmentView>.From(rows.ConvertAll(r => r.ViewFor(caller)), Answers.Limit(limit), a => a.Id.ToString()));
    }
}
