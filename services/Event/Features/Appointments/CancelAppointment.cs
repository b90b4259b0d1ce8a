using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appointments;

public sealed record CancelAppointmentRequest([property: RegularExpression("[a-z0-9-]{1,40}")] string ReasonCode = "not-stated");

/// <summary>POST /v1/appointments/{id}/cancel: the place goes back.</summary>
public static class CancelAppointment
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/appointments/{id:guid}/cancel", Handle)
        .Allow("appointments", Roles.Station, Roles.App)
        .WithSummary("Cancels a booking");

    private static async Task<Results<Made<AppointmentView>, ProblemHttpResult>> Handle(Guid id, CancelAppointmentRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<AppointmentView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<AppointmentRow>(AppointmentRow.Select + " where a.id = @id for update of a", new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsVisibleTo(caller)) return CommonProblems.NotFound.With();
            if (before.Status != "booked") return Problems.AppointmentSettled.With($"The appointment is {before.Status}");

            if (AppointmentRow.OwnReasons.Contains(request?.ReasonCode)) return CommonProblems.Invalid.With("That is what the platform says of what it did itself", new FieldError("/reasonCode", "reserved", "Another reason"));

            var after = before.Cancel(tx, (request ?? new()).ReasonCode, tx.Now);
            return Answers.Ok(after.Version, after.ViewFor(caller));
        }, ct);
}
