using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Lookbacks;

/// <summary>A case with all that the person gave, as it lies now.</summary>
/// <param name="Status">`open` or `closed`.</param>
public sealed record LookbackView(
    Guid Id, string Din, Guid DonorId, Guid StationId, string Reason, string? Note, string Status, DateTimeOffset OpenedAt, Guid OpenedBy, LookbackWindowView Window, IReadOnlyList<LookedBackDonation> Donations,
    DateTimeOffset? ClosedAt, Guid? ClosedBy, string? Conclusion, string? ClosingNote, string[] AllowedActions);

/// <param name="From">The first day inside; null when everything he gave is.</param>
/// <param name="Version">Of the parameters in force on the day the case was opened.</param>
public sealed record LookbackWindowView(DateOnly? From, string Version, string Source, string Confidence);

/// <summary>One donation of the person, under whichever of his ids, at whichever station.</summary>
/// <param name="Held">Whether this case put it on hold; blood that can't reach anybody any more is not held.</param>
/// <param name="Holds">Open holds on the whole donation, of whatever cause.</param>
public sealed record LookedBackDonation(string Din, Guid StationId, DateTimeOffset CollectedAt, string Status, bool Backfilled, bool Voided, bool InWindow, bool Held, HoldView[] Holds, IReadOnlyList<LookedBackUnit> Units);

/// <param name="Status">Its place; with a hospital: which.</param>
/// <param name="Holds">Open holds that bear on it, those of its donation included.</param>
public sealed record LookedBackUnit(Guid Id, string Component, string Status, DateTimeOffset ExpiresAt, Guid? HospitalId, HoldView[] Holds);

/// <summary>A case as it is stored, with the numbers that it holds or held.</summary>
internal sealed record LookbackRow
{
    /// <summary>The open ones of donors (a query of one column of their ids), and that of @lookback.</summary>
    public static string Of(string donors) => $"""
        select l.id, l.version, l.donor_id, l.din, l.station_id, l.reason, l.note, l.opened_at, l.opened_by, l.closed_at, l.closed_by, l.conclusion, l.closing_note, k.wrapped_key, array(select h.din from inventory.hold h where h.source_id = l.id) as held
        from inventory.lookback l left join inventory.subject_key k on k.subject_id = l.id
        where l.id in (select o.id from inventory.lookback o where o.closed_at is null and o.donor_id in ({donors}) union select @lookback::uuid) order by l.id;
        """;

    public const string NoteField = "lookback_note";

    public Guid Id { get; init; }
    public long Version { get; init; }
    public Guid DonorId { get; init; }
    public string Din { get; init; } = "";
    public Guid StationId { get; init; }
    public string Reason { get; init; } = "";
    public byte[]? Note { get; init; }
    public DateTimeOffset OpenedAt { get; init; }
    public Guid OpenedBy { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public Guid? ClosedBy { get; init; }
    public string? Conclusion { get; init; }
    public byte[]? ClosingNote { get; init; }
    public byte[]? WrappedKey { get; init; }
    public string[] Held { get; init; } = [];

    public SubjectKey? Key(Vault vault) => WrappedKey is null ? null : vault.Unwrap(Id, WrappedKey);

    /// <param name="key">Opens what was written; null once it is destroyed.</param>
    public LookbackView View(Files files, SubjectKey? key, DateTimeOffset now)
    {
        var person = files.PersonOf(DonorId);
        var given = files.ByDin.Values.Where(f => f.Arrived && f.Row.PersonId == person).OrderBy(f => f.Row.StartedAt).ThenBy(f => f.Din, StringComparer.Ordinal).ToList();
        var rules = Parameters.LookbackOn(Shanghai.DateOf(OpenedAt));
        // Of a void donation nobody knows whose result it is.
        var from = LookbackWindow.From(rules, On(files.ByDin[Din]), given.Where(f => f.Row.VoidedAt is null).Select(f => (On(f), f.Row.TestedQualified)));
        return new(Id, Din, person, StationId, Reason, Opened(Note), ClosedAt is null ? "open" : "closed", OpenedAt, OpenedBy, new(from, rules.Version, rules.Source, rules.Confidence),
            [.. given.Select(f => new LookedBackDonation(f.Din, f.Row.StationId, f.Row.StartedAt!.Value, f.Row.Status, f.Row.Backfilled, f.Row.VoidedAt is not null, from is null || On(f) >= from, f.Holds.Exists(h => h.SourceId == Id) || Held.Contains(f.Din),
                [.. f.Holds.Where(h => h.UnitId is null).Select(h => h.View)],
                [.. f.Units.Select(u => u.View(now, [.. f.Holds.Where(h => h.UnitId is null || h.UnitId == u.Id).Select(h => h.View)])).Select(u => new LookedBackUnit(u.Id, u.Component, u.Status, u.ExpiresAt, u.HospitalId, u.Holds))]))],
            ClosedAt, ClosedBy, Conclusion, Opened(ClosingNote), ClosedAt is null ? ["close"] : []);

        string? Opened(byte[]? words) => words is null ? null : key?.Open(NoteField, words);
        static DateOnly On(DonationFile file) => Shanghai.DateOf(file.Row.StartedAt!.Value);
    }
}
