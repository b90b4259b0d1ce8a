using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>An organisation as answered; its coordinator is masked, and shown only to those who work with it.</summary>
public sealed record OrganisationView(Guid Id, string Name, string Kind, string District, Guid? ParentId, int? Members, string Status, CoordinatorView? Coordinator, string[] AllowedActions);

public sealed record CoordinatorView(string Name, string Phone);

internal sealed record OrganisationRow
{
    public const string Select = """
        select o.id, o.version, o.name, o.kind, o.district, o.parent_id, o.path, o.members, o.status, o.coordinator_name, o.coordinator_phone, k.wrapped_key
        from event.organisation o left join event.subject_key k on k.subject_id = o.id
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required string District { get; init; }
    public Guid? ParentId { get; init; }
    public required Guid[] Path { get; init; }
    public int? Members { get; init; }
    public required string Status { get; init; }
    public byte[]? CoordinatorName { get; init; }
    public byte[]? CoordinatorPhone { get; init; }
    public byte[]? WrappedKey { get; init; }

    /// <summary>The organisation itself, one above it, a station, the authority or the operator: those who may change it and telephone there.</summary>
    public bool IsManagedBy(Caller caller) => caller.Is(Roles.Organiser) ? Path.Contains(caller.Tenant) : caller.Role is Roles.Station or Roles.Authority or Roles.Admin;

    public OrganisationView ViewFor(Caller caller, Vault vault)
    {
        var key = IsManagedBy(caller) && WrappedKey is not null ? vault.Unwrap(Id, WrappedKey) : null;
        return new(Id, Name, Kind, District, ParentId, Members, Status,
            key is not null && CoordinatorName is not null && CoordinatorPhone is not null
                ? new CoordinatorView(Mask.Name(key.Open("coordinator_name", CoordinatorName)), Mask.Number(key.Open("coordinator_phone", CoordinatorPhone))) : null,
            IsManagedBy(caller) ? ["change"] : []);
    }

    public OrganisationChanged ToChanged(DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at,
        OrganisationId = Id, Name = Name, Kind = Kind, District = District, ParentId = ParentId, Path = Path, Members = Members, Status = Status,
    };
}
