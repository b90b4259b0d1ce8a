using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.HospitalTasks;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Recalls;

/// <summary>What a recall would do, and has not done.</summary>
/// <param name="ToHold">Donations that would be held.</param>
/// <param name="UnitsByPlace">How many bags are where, by status.</param>
/// <param name="Hospitals">Who would be asked, and for how many bags.</param>
public sealed record RecallPreview(bool DryRun, RecallScope Scope, int Donations, int ToHold, int Units, IReadOnlyDictionary<string, int> UnitsByPlace, RecallHospital[] Hospitals);

public sealed record RecallHospital(Guid HospitalId, int Units);

/// <summary>A case with all that it reached, as it lies now.</summary>
/// <param name="Status">`open` or `closed`.</param>
/// <param name="Overdue">The deadline has passed and a hospital has not answered.</param>
/// <param name="Located">Bags whose place somebody has answered for, of all.</param>
/// <param name="Unresolved">Bags with hospitals that have not answered.</param>
public sealed record RecallView(
    Guid Id, Guid StationId, string Cause, string? Note, RecallScope Scope, string Status, DateTimeOffset OpenedAt, Guid OpenedBy, DateTimeOffset Deadline, bool Overdue, LocatedView Located,
    IReadOnlyList<UnresolvedBag> Unresolved, IReadOnlyList<RecalledDonation> Donations, DateTimeOffset? ClosedAt, Guid? ClosedBy, string? Conclusion, string? ClosingCause, string? Correction, string[] AllowedActions);

/// <param name="Percent">Whole, rounded down: 100 is every bag.</param>
public sealed record LocatedView(int Units, int Located, int Percent);

public sealed record UnresolvedBag(Guid TaskId, Guid UnitId, string Din, Guid HospitalId, DateTimeOffset Deadline);

/// <param name="Held">Whether this case put it on hold; blood that can't reach anybody any more is not held.</param>
/// <param name="Holds">Open holds on the whole donation, of whatever cause.</param>
public sealed record RecalledDonation(string Din, DateTimeOffset? CollectedAt, string Status, bool Held, HoldView[] Holds, IReadOnlyList<RecalledUnit> Units);

/// <param name="Outcome">What the hospital answered last.</param>
public sealed record RecalledUnit(Guid Id, string Component, string Status, DateTimeOffset ExpiresAt, Guid? HospitalId, HoldView[] Holds, Guid? TaskId, string? Outcome, DateTimeOffset? OutcomeAt, bool Located);

/// <summary>A case as it is stored.</summary>
internal sealed record RecallRow
{
    /// <summary>Opening and closing wait for whatever may add to a recall of the station, and it for them: else a donation that arrives while a case is opened is seen by neither.</summary>
    public const string LockShared = "select 1 from pg_advisory_xact_lock_shared(hashtextextended('inventory.recalls/' || @recalls, 0));";

    public const string Lock = "select 1 from pg_advisory_xact_lock(hashtextextended('inventory.recalls/' || @Tenant, 0));";

    public const string Select = """
        select r.id, r.version, r.station_id, r.cause, r.note, r.scope::text as scope_json, r.deadline, r.opened_at, r.opened_by, r.closed_at, r.closed_by, r.conclusion, r.closing, k.wrapped_key,
               array(select q.din from inventory.recall_donation q where q.recall_id = r.id and q.held) as held
        from inventory.recall r left join inventory.subject_key k on k.subject_id = r.id
        """;

    /// <summary>The open ones of @recalls, and those of the donors (a query of one column of ids), with what they have reached of the numbers in the set.</summary>
    public static string Open(string donors, string set) => $"""
        select r.id, r.version, r.station_id, r.scope::text as scope_json, r.deadline, array(select q.din from inventory.recall_donation q where q.recall_id = r.id and q.din in ({set})) as reached
        from inventory.recall r where r.closed_at is null and (r.station_id = @recalls::uuid or r.donor_id in ({donors})) order by r.id;
        """;

    public const string NoteField = "recall_note";

    public Guid Id { get; init; }
    public long Version { get; init; }
    public Guid StationId { get; init; }
    public string Cause { get; init; } = "";
    public byte[]? Note { get; init; }
    public string ScopeJson { get; init; } = "";
    public DateTimeOffset Deadline { get; init; }
    public DateTimeOffset OpenedAt { get; init; }
    public Guid OpenedBy { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public Guid? ClosedBy { get; init; }
    public string? Conclusion { get; init; }
    public byte[]? Closing { get; init; }
    public byte[]? WrappedKey { get; init; }
    public string[] Held { get; init; } = [];
    public string[] Reached { get; init; } = [];

    public RecallScope Scope => JsonSerializer.Deserialize<RecallScope>(ScopeJson, Json.Options)!;

    public SubjectKey? Key(Vault vault) => WrappedKey is null ? null : vault.Unwrap(Id, WrappedKey);

    public bool Covers(DonationFile file, Files files) => Scope.Covers(file.Din, donor => file.Row.PersonId is { } person && files.PersonOf(donor) == person, file.Row.BagLot, file.Row.DriveId,
        file.Results.Select(r => new TestedIn(r.RunId, r.Instrument, r.ReagentLot, r.PerformedAt)));

    /// <summary>Donations are listed in the case, held where they may still reach a patient, and asked for where a hospital has them.</summary>
    public List<HospitalTaskRow> Reach(Transaction tx, IReadOnlyList<DonationFile> files, Caller? by)
    {
        if (files.Count == 0) return [];
        var held = files.Where(f => f.InDate(tx.Now)).ToHashSet();
        tx.Write("insert into inventory.recall_donation (recall_id, din, found_at, held) select @Id, f.din, @now, f.held from unnest(@dins, @held) f(din, held)",
            new { Id, dins = files.Select(f => f.Din).ToArray(), held = files.Select(held.Contains).ToArray(), now = tx.Now }, rows: files.Count);
        DonationFile.Hold(tx, held, "recall", Id, by);
        return [.. files.SelectMany(f => HospitalTaskRow.Open(tx, "recall", Id, Deadline, f))];
    }

    /// <param name="key">Opens what was written; null once it is destroyed.</param>
    public RecallView View(IEnumerable<DonationFile> files, IReadOnlyCollection<HospitalTaskRow> tasks, SubjectKey? key, DateTimeOffset now)
    {
        var asked = tasks.ToDictionary(t => t.UnitId);
        var donations = files.OrderBy(f => f.Din, StringComparer.Ordinal).Select(f => new RecalledDonation(f.Din, f.Row.StartedAt, f.Row.Status, f.Holds.Exists(h => h.SourceId == Id) || Held.Contains(f.Din),
            [.. f.Holds.Where(h => h.UnitId is null).Select(h => h.View)],
            [.. f.Units.Select(u => (Bag: u.View(now, [.. f.Holds.Where(h => h.UnitId is null || h.UnitId == u.Id).Select(h => h.View)]), Task: asked.GetValueOrDefault(u.Id)))
                .Select(u => new RecalledUnit(u.Bag.Id, u.Bag.Component, u.Bag.Status, u.Bag.ExpiresAt, u.Bag.HospitalId, u.Bag.Holds, u.Task?.Id, u.Task?.Outcome, u.Task?.OutcomeAt, RecallProgress.Located(u.Bag.Status, u.Task is not null, u.Task?.Outcome)))])).ToList();
        var bags = donations.SelectMany(d => d.Units).ToList();
        var located = bags.Count(u => u.Located);
        var open = tasks.Where(t => t.Outcome is null).ToList();
        var closing = Closing is null ? null : key?.Open(NoteField, Closing) is { } words ? JsonSerializer.Deserialize<ClosingWords>(words, Json.Options) : null;
        return new(Id, StationId, Cause, Note is null ? null : key?.Open(NoteField, Note), Scope, ClosedAt is null ? "open" : "closed", OpenedAt, OpenedBy, Deadline, open.Count > 0 && Deadline < now,
            new(bags.Count, located, RecallProgress.Percent(located, bags.Count)), [.. open.Select(t => new UnresolvedBag(t.Id, t.UnitId, t.Din, t.HospitalId, t.Deadline))], donations,
            ClosedAt, ClosedBy, Conclusion, closing?.Cause, closing?.Correction, ClosedAt is null && open.Count == 0 ? ["close"] : []);
    }

    /// <summary>What of a case's donations and bags is read for an answer.</summary>
    public static async Task<(RecallRow Row, Files Files, List<HospitalTaskRow> Tasks)?> Find(Transaction tx, Guid id, Caller caller, bool forUpdate = false)
    {
        var (row, tasks) = await tx.Read($"""
            {(forUpdate ? Lock : "select 1;")}
            {Select} where r.id = @id and r.station_id = @Tenant {(forUpdate ? "for update of r" : "")};
            {HospitalTaskRow.Select} where t.source_id = @id and t.station_id = @Tenant order by t.din, t.unit_id;
            """, new { id, caller.Tenant }, async grid =>
        {
            await grid.ReadAsync<int>();
            return (await grid.ReadSingleOrDefaultAsync<RecallRow>(), (await grid.ReadAsync<HospitalTaskRow>()).ToList());
        });
        if (row is null) return null;
        return (row, await DonationFile.Load(tx, [], caller.Tenant, which: "in (select q.din from inventory.recall_donation q where q.recall_id = @recall)", prepareArgs: new { recall = id }), tasks);
    }
}

internal sealed record ClosingWords(string Cause, string Correction);
