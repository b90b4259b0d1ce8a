using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Calendar;

/// <summary>Vacations, exams, military training: what the series of an organisation and of those below it may leave out.</summary>
public sealed record CreateCalendarRequest(
    Guid OrganisationId,
    [property: StringLength(80, MinimumLength = 1)] string Name,
    IReadOnlyList<ExcludedDaysRequest> Entries);

/// <summary>POST /v1/exclusion-calendars</summary>
public static class CreateCalendar
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/exclusion-calendars", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser).Creates()
        .WithSummary("Names days on which an organisation brings no donors");

    private static async Task<Results<Made<CalendarView>, ProblemHttpResult>> Handle(CreateCalendarRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CalendarView>, ProblemHttpResult>>(async tx =>
        {
            if (ExcludedDaysRequest.Faults(request.Entries) is { Length: > 0 } faults) return CommonProblems.Invalid.With(null, faults);
            var owner = await tx.QuerySingle<OwnerRow>("select path from event.organisation where id = @OrganisationId", new { request.OrganisationId });
            if (owner is null) return CommonProblems.Unknown(request.OrganisationId);
            if (!owner.Path.Contains(caller.Tenant)) return CommonProblems.NotFound.With();

            var id = tx.NewId();
            tx.Write("insert into event.exclusion_calendar (id, version, organisation_id, name, created_at, changed_at) values (@id, 1, @OrganisationId, @Name, @now, @now)", new { id, request.OrganisationId, request.Name, now = tx.Now });
            ExcludedDaysRequest.Write(tx, id, request.Entries);
            tx.Audit("exclusion-calendar.create", $"exclusion-calendar/{id}");
            return Answers.Created($"/v1/exclusion-calendars/{id}", 1, new CalendarView(id, request.OrganisationId, request.Name,
                [.. request.Entries.OrderBy(e => e.From).Select(e => new ExcludedDaysView(e.Name, e.From, e.To, e.Source))], tx.Now, ["change"]));
        }, ct);

    private sealed record OwnerRow
    {
        public required Guid[] Path { get; init; }
    }
}
