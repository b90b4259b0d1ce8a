using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Activities;

public sealed record ActivityView(
    Guid Id, Guid OrganisationId, string Kind, DateOnly HeldOn, string Title, int? Reach, bool ReachEstimated, decimal? Hours, int? Items, Guid? DriveId,
    DateTimeOffset RecordedAt, DateTimeOffset? VoidedAt, string? VoidReason, string[] AllowedActions);

internal sealed record ActivityRow
{
    public const string Select = """
        select a.id, a.version, a.organisation_id, o.path, o.district, event.stations_of(o.district) as stations, a.kind, a.held_on, a.title, a.reach, a.reach_estimated, a.hours, a.items, a.drive_id, a.recorded_at, a.voided_at, a.void_reason
        from event.activity a join event.organisation o on o.id = a.organisation_id
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid OrganisationId { get; init; }
    public required Guid[] Path { get; init; }
    public required string District { get; init; }
    public Guid[] Stations { get; init; } = [];
    public required string Kind { get; init; }
    public required DateOnly HeldOn { get; init; }
    public required string Title { get; init; }
    public int? Reach { get; init; }
    public bool ReachEstimated { get; init; }
    public decimal? Hours { get; init; }
    public int? Items { get; init; }
    public Guid? DriveId { get; init; }
    public required DateTimeOffset RecordedAt { get; init; }
    public DateTimeOffset? VoidedAt { get; init; }
    public string? VoidReason { get; init; }

    public ActivityView View => new(Id, OrganisationId, Kind, HeldOn, Title, Reach, ReachEstimated, Hours, Items, DriveId, RecordedAt, VoidedAt, VoidReason, VoidedAt is null ? ["void"] : []);
}
