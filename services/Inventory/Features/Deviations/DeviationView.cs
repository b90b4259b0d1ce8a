using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Features.Deviations;

/// <param name="Description">What happened; null once its key is destroyed.</param>
/// <param name="Status">`open` or `closed`.</param>
/// <param name="CauseCode">`person`, `training`, `method`, `equipment`, `material`, `environment`, `supplier` or `unknown`.</param>
/// <param name="Correction">What is done so that it does not happen again.</param>
public sealed record DeviationView(
    Guid Id, string Kind, string Severity, string? Din, Guid? UnitId, Guid? TestRunId, Guid? OrderId, string? Place, string? Description, DateTimeOffset OccurredAt, string Status, DateTimeOffset OpenedAt, Guid OpenedBy,
    string? CauseCode, string? Cause, string? Correction, DateTimeOffset? ClosedAt, Guid? ClosedBy, string[] AllowedActions);

internal sealed record ClosingWords(string Cause, string Correction);

/// <summary>A deviation as it is stored.</summary>
internal sealed record DeviationRow
{
    public const string Select = """
        select v.id, v.version, v.station_id, v.kind, v.severity, v.din, v.unit_id, v.test_run_id, v.order_id, v.place, v.description, v.occurred_at, v.opened_at, v.opened_by, v.closed_at, v.closed_by, v.cause_code, v.closing, k.wrapped_key
        from inventory.deviation v left join inventory.subject_key k on k.subject_id = v.id
        """;

    public const string DescriptionField = "deviation", ClosingField = "deviation_closing";

    public Guid Id { get; init; }
    public long Version { get; init; }
    public Guid StationId { get; init; }
    public string Kind { get; init; } = "";
    public string Severity { get; init; } = "";
    public string? Din { get; init; }
    public Guid? UnitId { get; init; }
    public Guid? TestRunId { get; init; }
    public Guid? OrderId { get; init; }
    public string? Place { get; init; }
    public byte[] Description { get; init; } = [];
    public DateTimeOffset OccurredAt { get; init; }
    public DateTimeOffset OpenedAt { get; init; }
    public Guid OpenedBy { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public Guid? ClosedBy { get; init; }
    public string? CauseCode { get; init; }
    public byte[]? Closing { get; init; }
    public byte[]? WrappedKey { get; init; }

    public SubjectKey? Key(Vault vault) => WrappedKey is null ? null : vault.Unwrap(Id, WrappedKey);

    public DeviationView View(SubjectKey? key)
    {
        var closing = Closing is null ? null : key?.Open(ClosingField, Closing) is { } words ? JsonSerializer.Deserialize<ClosingWords>(words, Json.Options) : null;
        return new(Id, Kind, Severity, Din, UnitId, TestRunId, OrderId, Place, key?.Open(DescriptionField, Description), OccurredAt, ClosedAt is null ? "open" : "closed", OpenedAt, OpenedBy,
            CauseCode, closing?.Cause, closing?.Correction, ClosedAt, ClosedBy, ClosedAt is null ? ["close"] : []);
    }
}
