using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Invitations;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Provisional;

/// <summary>A place that somebody took with name and telephone: `held`, `confirmed` (a booking), `declined` or `lapsed`.</summary>
/// <param name="Reference">What he was shown and says at the desk.</param>
/// <param name="Name">Masked; null once it is settled: then nobody knows it any more.</param>
public sealed record ProvisionalBookingView(Guid Id, Guid DriveId, DateTimeOffset SlotStartsAt, string Reference, string? Name, string Status, Guid? AppointmentId, DateTimeOffset CreatedAt, string[] AllowedActions);

internal sealed record ProvisionalRow
{
    public const string Select = """
        select p.id, p.version, p.drive_id, p.slot_starts_at, p.held_until, p.channel, p.reference, p.content, p.status, p.appointment_id, p.created_at, d.station_id, k.wrapped_key
        from event.provisional_booking p join event.drive d on d.id = p.drive_id left join event.subject_key k on k.subject_id = p.id
        """;

    /// <summary>Without the letters that look like digits.</summary>
    private const int ReferenceLength = 5;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid DriveId { get; init; }
    public required DateTimeOffset SlotStartsAt { get; init; }
    public required DateTimeOffset HeldUntil { get; init; }
    public required string Channel { get; init; }
    public required string Reference { get; init; }
    public byte[]? Content { get; init; }
    public required string Status { get; init; }
    public Guid? AppointmentId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public Guid? StationId { get; init; }
    public byte[]? WrappedKey { get; init; }

    public ProvisionalBookingView View(Vault vault) =>
        new(Id, DriveId, Shanghai.Local(SlotStartsAt), Reference, Who(vault) is { } who ? Mask.Name(who.Name) : null, Status, AppointmentId, CreatedAt, Status == "held" ? ["confirm", "decline"] : []);

    public ProvisionalPerson? Who(Vault vault) => Status == "held" && WrappedKey is not null ? JsonSerializer.Deserialize<ProvisionalPerson>(vault.Unwrap(Id, WrappedKey).Open("provisional", Content!), Json.Options) : null;

    public static byte[] Seal(SubjectKey key, ProvisionalPerson person) => key.Seal("provisional", JsonSerializer.Serialize(person, Json.Options));

    public static byte[] IndexOf(Vault vault, string phone) => vault.BlindIndex("provisional-phone", phone);

    public static string NewReference() => RandomNumberGenerator.GetString(ClaimCodes.Alphabet, ReferenceLength);

    /// <summary>It is what it becomes, and nobody knows any more who it was. The place is the caller's.</summary>
    public ProvisionalRow Settle(Transaction tx, string status, Guid? appointmentId = null)
    {
        var after = this with { Version = Version + 1, Status = status, AppointmentId = appointmentId, WrappedKey = null, Content = null };
        tx.Write("update event.provisional_booking set version = @Version, status = @Status, appointment_id = @AppointmentId, content = null, phone_index = null, settled_at = @now where id = @Id", new { after.Version, after.Status, after.AppointmentId, now = tx.Now, after.Id });
        tx.Write("delete from event.subject_key where subject_id = @Id", after);
        return after;
    }

    /// <summary>Those which are still held lapse and their places are free. The caller holds the rows.</summary>
    public static void Lapse(Transaction tx, IReadOnlyCollection<ProvisionalRow> held)
    {
        if (held.Count == 0) return;
        foreach (var row in held) row.Settle(tx, "lapsed");
        InvitationRow.Free(tx, held.Select(p => (p.DriveId, p.SlotStartsAt)));
    }

    /// <summary>The drive is over or off. Takes @id, @at; the slots are the caller's.</summary>
    public const string EndOfDrive = """
        with gone as (update event.provisional_booking set version = version + 1, status = 'lapsed', content = null, phone_index = null, settled_at = @at where drive_id = @id and status = 'held' returning id)
        delete from event.subject_key k using gone g where k.subject_id = g.id
        """;

    /// <summary>Places move with their slots; where the drive has no such slot any more they lapse. Nobody can be told: the page behind the code says the new time. Takes @Id, @shift, @at; slots are recounted by the caller.</summary>
    public const string MoveWithDrive = """
        with gone as (update event.provisional_booking p set version = version + 1, status = 'lapsed', content = null, phone_index = null, settled_at = @at
                      where drive_id = @Id and status = 'held' and not exists (select from event.slot s where s.drive_id = @Id and s.starts_at = p.slot_starts_at + @shift) returning id),
             moved as (update event.provisional_booking p set version = version + 1, slot_starts_at = s.starts_at, held_until = s.ends_at from event.slot s where p.drive_id = @Id and p.status = 'held' and s.drive_id = @Id and s.starts_at = p.slot_starts_at + @shift)
        delete from event.subject_key k using gone g where k.subject_id = g.id
        """;
}
