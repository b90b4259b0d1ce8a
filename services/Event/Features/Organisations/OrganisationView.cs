using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>An organisation as answered; its coordinator is masked, and shown only to those who work with it. `members` is the newest count.</summary>
public sealed record OrganisationView(Guid Id, string Name, string Kind, string District, Guid? ParentId, int? Members, string Status, CoordinatorView? Coordinator, string[] AllowedActions);

public sealed record CoordinatorView(string Name, string Phone);

internal sealed record OrganisationRow
{
    public const string Select = """
        select o.id, o.version, o.name, o.kind, o.district, o.parent_id, o.path, o.members, o.status, c.id as coordinator_id, c.starts_at as coordinator_since, c.name as coordinator_name, c.phone as coordinator_phone, k.wrapped_key,
               (select nullif(p.valid_from, '-infinity') from event.organisation_placement p where p.organisation_id = o.id and p.valid_to = 'infinity') as placed_since,
               (select max(s.as_of) from event.organisation_size s where s.organisation_id = o.id) as members_as_of,
               event.stations_of(o.district) as stations
        from event.organisation o left join event.coordinator c on c.organisation_id = o.id and c.ends_at is null left join event.subject_key k on k.subject_id = c.id
        """;

    /// <summary>Locks the organisation first: what belongs to it is read as whoever held it before left it.</summary>
    public const string ForUpdate = "select 1 from event.organisation where id = @id for update; " + Select + " where o.id = @id";

    /// <summary>No branch moves while somebody stands on a path; taken before any row.</summary>
    public const string LockTreeShared = "select 1 from pg_advisory_xact_lock_shared(hashtextextended('event.organisation/tree', 0))";

    /// <summary>One move at a time: two that are sound each, and together a cycle, can't both see the tree as it was.</summary>
    public const string LockTree = "select 1 from pg_advisory_xact_lock(hashtextextended('event.organisation/tree', 0))";

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required string District { get; init; }
    public Guid? ParentId { get; init; }
    public required Guid[] Path { get; init; }

    /// <summary>Those that serve its district.</summary>
    public Guid[] Stations { get; init; } = [];
    public int? Members { get; init; }
    public required string Status { get; init; }
    public DateOnly? PlacedSince { get; init; }
    public DateOnly? MembersAsOf { get; init; }
    public Guid? CoordinatorId { get; init; }
    public DateTimeOffset? CoordinatorSince { get; init; }
    public byte[]? CoordinatorName { get; init; }
    public byte[]? CoordinatorPhone { get; init; }
    public byte[]? WrappedKey { get; init; }

    /// <summary>The organisation itself, one above it, a station or the authority of its district, or the operator: those who may change it and telephone there.</summary>
    public bool IsManagedBy(Caller caller) => IsManagedBy(caller, Path, District, Stations);

    public static bool IsManagedBy(Caller caller, Guid[] path, string district, Guid[] stations) => caller.Role switch
    {
        Roles.Organiser => path.Contains(caller.Tenant),
        Roles.Authority => Districts.Cover(caller.Districts, district),
        Roles.Station => stations.Contains(caller.Tenant),
        Roles.Admin => true,
        _ => false,
    };

    /// <summary>Now; of two who hand over at once, the one who waited comes after the other.</summary>
    public DateTimeOffset NextCoordinatorFrom(DateTimeOffset now) => CoordinatorSince is { } since && since >= now ? since.AddMicroseconds(1) : now;

    public OrganisationView ViewFor(Caller caller, Vault vault)
    {
        var key = IsManagedBy(caller) && WrappedKey is not null ? vault.Unwrap(CoordinatorId!.Value, WrappedKey) : null;
        return new(Id, Name, Kind, District, ParentId, Members, Status,
            key is null ? null : new CoordinatorView(Mask.Name(key.Open("coordinator_name", CoordinatorName!)), Mask.Number(key.Open("coordinator_phone", CoordinatorPhone!))),
            IsManagedBy(caller) ? ["change"] : []);
    }

    public OrganisationChanged ToChanged(DateTimeOffset at) => new()
    {
        Key = Id.ToString(), Version = Version, OccurredAt = at,
        OrganisationId = Id, Name = Name, Kind = Kind, District = District, ParentId = ParentId, Path = Path, PlacedSince = PlacedSince, Members = Members, Status = Status,
    };
}

/// <summary>Where one may place organisations: stations in their city, authorities in their districts. Which city a station serves is for its authority and the operator to say.</summary>
internal static class OwnArea
{
    public static async Task<ProblemHttpResult?> Forbids(Transaction tx, Caller caller, string kind, string district) => caller.Role switch
    {
        Roles.Admin => null,
        Roles.Authority => Districts.Cover(caller.Districts, district) ? null : Problems.OutsideOwnArea.With(),
        _ when kind == "blood-station" => Problems.OutsideOwnArea.With("A blood station and its district are entered by the authority or the operator"),
        Roles.Station => await tx.QuerySingle<bool>("select @tenant = any(event.stations_of(@district))", new { tenant = caller.Tenant, district }) ? null : Problems.OutsideOwnArea.With(),
        _ => null,
    };
}
