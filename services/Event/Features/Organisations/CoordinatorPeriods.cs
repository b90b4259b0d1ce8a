using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>Who was an organisation's coordinator when, masked. `to` is null for the present one, name and telephone of one who was forgotten; `recordedBy` is the client, and the member of staff where one signed in.</summary>
public sealed record CoordinatorPeriodView(Guid Id, string? Name, string? Phone, DateTimeOffset From, DateTimeOffset? To, DateTimeOffset RecordedAt, RecorderView RecordedBy);

public sealed record RecorderView(string ClientId, Guid? StaffId);

internal sealed record CoordinatorRow
{
    public const string Select = "select c.id, c.name, c.phone, c.starts_at, c.ends_at, c.recorded_at, c.client_id, c.staff_id, c.forgotten_at, k.wrapped_key from event.coordinator c left join event.subject_key k on k.subject_id = c.id";

    public required Guid Id { get; init; }
    public byte[]? Name { get; init; }
    public byte[]? Phone { get; init; }
    public DateTimeOffset StartsAt { get; init; }
    public DateTimeOffset? EndsAt { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
    public required string ClientId { get; init; }
    public Guid? StaffId { get; init; }
    public DateTimeOffset? ForgottenAt { get; init; }
    public byte[]? WrappedKey { get; init; }

    /// <summary>Null of one who was forgotten.</summary>
    public (string Name, string Phone)? Open(Vault vault)
    {
        if (ForgottenAt is not null) return null;
        var key = vault.Unwrap(Id, WrappedKey!);
        return (key.Open("coordinator_name", Name!), key.Open("coordinator_phone", Phone!));
    }

    public CoordinatorPeriodView View(Vault vault)
    {
        var person = Open(vault);
        return new(Id, person is { } n ? Mask.Name(n.Name) : null, person is { } p ? Mask.Number(p.Phone) : null, Shanghai.Local(StartsAt), EndsAt is { } end ? Shanghai.Local(end) : null, RecordedAt, new(ClientId, StaffId));
    }

    /// <summary>Queues the new coordinator; whoever he follows has been ended.</summary>
    public static CoordinatorPeriodView Begin(Transaction tx, Vault vault, Caller caller, Guid organisationId, CoordinatorRequest person, DateTimeOffset from)
    {
        var id = tx.NewId();
        var key = vault.CreateKey(tx, id);
        tx.Write("""
            insert into event.coordinator (id, organisation_id, name, phone, starts_at, recorded_at, client_id, staff_id) values (@id, @organisationId, @name, @phone, @from, @now, @ClientId, @staff)
            """, new { id, organisationId, name = key.Seal("coordinator_name", person.Name), phone = key.Seal("coordinator_phone", person.Phone), from, now = tx.Now, caller.ClientId, staff = caller.Staff?.Id });
        return new(id, Mask.Name(person.Name), Mask.Number(person.Phone), Shanghai.Local(from), null, tx.Now, new(caller.ClientId, caller.Staff?.Id));
    }

    /// <summary>Queues the end of the present one's time, then the next one's beginning: at no time are there two.</summary>
    public static CoordinatorPeriodView HandOver(Transaction tx, Vault vault, Caller caller, OrganisationRow organisation, CoordinatorRequest person, DateTimeOffset at)
    {
        if (organisation.CoordinatorId is { } before) tx.Write("update event.coordinator set ends_at = @at where id = @before and ends_at is null", new { before, at });
        tx.Audit("organisation.handover", $"organisation/{organisation.Id}", new { from = organisation.CoordinatorId, at });
        return Begin(tx, vault, caller, organisation.Id, person, at);
    }
}
