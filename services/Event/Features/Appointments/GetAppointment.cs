using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>GET /v1/appointments/{id}</summary>
public static class GetAppointment
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/appointments/{id:guid}", Handle)
        .Allow("appointments", Roles.Station, Roles.App)
        .WithSummary("One booking");

    private static async Task<Results<Made<AppointmentView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<AppointmentRow>(AppointmentRow.Select + " where a.id = @id", new { id }, ct) is not { } appointment ? CommonProblems.Unknown(id)
            : appointment.IsVisibleTo(caller) ? Answers.Ok(appointment.Version, appointment.ViewFor(caller)) : CommonProblems.NotFound.With();
}
