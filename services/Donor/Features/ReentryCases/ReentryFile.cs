using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Dapper;

namespace BloodPlatform.Donors.Features.ReentryCases;

/// <summary>A case: medical like its deferral, so for the station that keeps it, and every read is audited.</summary>
/// <param name="Status">`open`, `lifted` or `refused`.</param>
public sealed record ReentryCaseView(
    Guid Id, Guid DonorId, Guid DeferralId, Guid StationId, string Status, string DeferralCode, RuleSetReference RuleSet, IReadOnlyList<CriterionView> Criteria, IReadOnlyList<SignatureView> Signatures,
    DateTimeOffset OpenedAt, Guid OpenedBy, DateTimeOffset? ClosedAt, string? Refusal, string[] AllowedActions);

public sealed record RuleSetReference(string Code, string Version);

/// <param name="From">The first day on which what shows it can be from.</param>
/// <param name="Accepts">Findings that meet it, where the rule lists them.</param>
public sealed record CriterionView(string Code, string Text, string Clause, string Source, string Confidence, DateOnly From, string[]? Accepts, DateOnly? MetOn, string? Finding, Guid? RecordedBy);

public sealed record SignatureView(Guid StaffId, DateTimeOffset SignedAt);

/// <summary>A case with its deferral and its donor, read in one round trip: the donor is locked first, as everywhere.</summary>
internal sealed class ReentryFile
{
    private const string Select = """
        select c.id, c.version, c.donor_id, c.deferral_id, c.station_id, c.status, c.rule_set, c.rule_set_version, c.opened_at, c.opened_by, c.closed_at, c.refusal, f.code, f.starts_on, f.ends_on, f.lifted_at
        from donor.reentry_case c join donor.deferral f on f.id = c.deferral_id where c.id = @id
        """;

    private const string Rest = """
        ; select code, met_on, finding, recorded_by from donor.reentry_criterion where case_id = @id;
        select staff_id, signed_at from donor.reentry_signature where case_id = @id order by signed_at
        """;

    public required CaseRow Row { get; set; }

    public required DonorFile Donor { get; init; }

    public required RuleSet Rules { get; init; }

    public required List<CriterionRow> Met { get; init; }

    public required List<SignatureView> Signatures { get; init; }

    public string DeferralCode => Donor.Key.Open("deferral_code", Row.Code);

    public Rule[] Criteria => Reentry.Criteria(Rules, DeferralCode);

    public MetCriterion[] MetCriteria => [.. Met.Select(m => new MetCriterion(m.Code, m.MetOn))];

    public static Task<ReentryFile?> Lock(Transaction tx, Vault vault, RuleBooks books, Guid id) =>
        Read(tx, vault, books, id, DonorFile.LockedBy("select donor_id from donor.reentry_case where id = @id") + Select + " for update" + Rest);

    public static Task<ReentryFile?> Read(Transaction tx, Vault vault, RuleBooks books, Guid id) =>
        Read(tx, vault, books, id, DonorFile.Unlocked.Replace("@donorId", "(select donor_id from donor.reentry_case where id = @id)", StringComparison.Ordinal) + Select + Rest);

    private static Task<ReentryFile?> Read(Transaction tx, Vault vault, RuleBooks books, Guid id, string sql) => tx.Read<ReentryFile?>(sql, new { id }, async grid =>
    {
        var donor = await DonorFile.Read(grid, vault, books);
        var row = await grid.ReadSingleOrDefaultAsync<CaseRow>();
        var met = (await grid.ReadAsync<CriterionRow>()).AsList();
        var signatures = (await grid.ReadAsync<SignatureView>()).AsList();
        return donor is null || row is null ? null : new ReentryFile { Row = row, Donor = donor, Rules = donor.Book.Version(row.RuleSet, row.RuleSetVersion), Met = met, Signatures = signatures };
    });

    public ReentryCaseView View() => new(
        Row.Id, Row.DonorId, Row.DeferralId, Row.StationId, Row.Status, DeferralCode, new(Row.RuleSet, Row.RuleSetVersion),
        [.. Criteria.Select(r => (Rule: r, Met: Met.Find(m => m.Code == r.Code))).Select(c => new CriterionView(c.Rule.Code, c.Rule.Text, c.Rule.Clause, c.Rule.Source, c.Rule.Confidence, Reentry.From(c.Rule, Row.StartsOn), c.Rule.Accepts,
            c.Met?.MetOn, c.Met?.Finding is { } finding ? Donor.Key.Open("reentry_finding", finding) : null, c.Met?.RecordedBy))],
        Signatures, Row.OpenedAt, Row.OpenedBy, Row.ClosedAt, Row.Refusal is null ? null : Donor.Key.Open("reentry_refusal", Row.Refusal),
        Row.Status != "open" ? [] : Reentry.Unmet(Criteria, MetCriteria).Length > 0 ? ["criteria", "refuse"] : ["signatures", "refuse"]);
}

internal sealed record CaseRow(
    Guid Id, long Version, Guid DonorId, Guid DeferralId, Guid StationId, string Status, string RuleSet, string RuleSetVersion, DateTimeOffset OpenedAt, Guid OpenedBy, DateTimeOffset? ClosedAt, byte[]? Refusal,
    byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, DateTimeOffset? LiftedAt);

internal sealed record CriterionRow(string Code, DateOnly MetOn, byte[]? Finding, Guid RecordedBy);
