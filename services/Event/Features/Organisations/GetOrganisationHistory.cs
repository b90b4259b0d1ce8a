using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>Where an organisation stood when, oldest first, and how many belonged to it. `from` null: since ever; `to`, the last day, null: until further notice.</summary>
public sealed record OrganisationHistoryView(Guid OrganisationId, IReadOnlyList<PlaceView> Places, IReadOnlyList<SizeView> Members);

/// <param name="Path">From the root down to the organisation itself.</param>
/// <param name="MoveId">The move by which it, or one above it, came here.</param>
public sealed record PlaceView(DateOnly? From, DateOnly? To, Guid[] Path, Guid? MoveId, Guid? MovedOrganisationId, string? ReasonCode, DateTimeOffset? RecordedAt);

public sealed record SizeView(DateOnly AsOf, int Members);

/// <summary>GET /v1/organisations/{id}/history</summary>
public static class GetOrganisationHistory
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/organisations/{id:guid}/history", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Where an organisation stood when, and its size as of days");

    private static async Task<Results<Ok<OrganisationHistoryView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        if (await db.QuerySingle<OrganisationRow>(OrganisationRow.Select + " where o.id = @id", new { id }, ct) is not { } organisation) return CommonProblems.Unknown(id);
        if (!organisation.IsManagedBy(caller)) return CommonProblems.NotFound.With();
        var places = await db.Query<PlaceRow>("""
            select nullif(p.valid_from, '-infinity') as valid_from, nullif(p.valid_to, 'infinity') as valid_to, p.path, p.move_id, m.organisation_id, m.reason_code, m.recorded_at
            from event.organisation_placement p left join event.organisation_move m on m.id = p.move_id where p.organisation_id = @id order by p.valid_from
            """, new { id }, ct);
        var sizes = await db.Query<SizeView>("select as_of, members from event.organisation_size where organisation_id = @id order by as_of", new { id }, ct);
        return TypedResults.Ok(new OrganisationHistoryView(id, places.ConvertAll(p => new PlaceView(p.ValidFrom, p.ValidTo?.AddDays(-1), p.Path, p.MoveId, p.OrganisationId, p.ReasonCode, p.RecordedAt)), sizes));
    }

    private sealed record PlaceRow
    {
        public DateOnly? ValidFrom { get; init; }
        public DateOnly? ValidTo { get; init; }
        public required Guid[] Path { get; init; }
        public Guid? MoveId { get; init; }
        public Guid? OrganisationId { get; init; }
        public string? ReasonCode { get; init; }
        public DateTimeOffset? RecordedAt { get; init; }
    }
}
