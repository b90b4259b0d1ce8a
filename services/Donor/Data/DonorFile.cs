using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Rules;
using Dapper;

namespace BloodPlatform.Donors.Data;

/// <summary>
/// All that the rules and the events need of one donor, read in one round trip. A change reads it with his row locked, so that the
/// order of his events and their versions agree; each event takes the next version, and <see cref="Save"/> writes the last one.
/// </summary>
public sealed class DonorFile
{
    private readonly long readVersion;
    private byte[]? windowsDigest;

    private DonorFile(DonorRow row, SubjectKey key, DonorFacts facts, List<MembershipRow> memberships, RuleBook book)
    {
        (Row, Key, Facts, Memberships, Book) = (row, key, facts, memberships, book);
        readVersion = Version = row.Version;
        Consents = JsonSerializer.Deserialize<List<DonorConsent>>(row.Consents, Json.Options)!;
    }

    public DonorRow Row { get; }

    public Guid Id => Row.Id;

    public SubjectKey Key { get; }

    public DonorFacts Facts { get; set; }

    public List<DonorConsent> Consents { get; }

    public List<MembershipRow> Memberships { get; }

    /// <summary>The newest rules, as of this read.</summary>
    public RuleBook Book { get; }

    public long Version { get; private set; }

    /// <summary>The donor of an id, his row locked for the transaction.</summary>
    public const string Locked = Head + " where d.id = @donorId for update of d;" + Rest;

    /// <summary>The donor of an id as he stands; for answers that change nothing.</summary>
    public const string Unlocked = Head + " where d.id = @donorId;" + Rest;

    private const string Head = """
        select d.id, d.version, d.status, d.name, d.document_kind, d.document_number, d.birth_date, d.phone, d.sex, d.blood_group, d.district, d.consents::text as consents, d.apps, d.identity_assurance, d.registered_at, k.wrapped_key
        from donor.donor d join donor.subject_key k on k.subject_id = d.id
        """;

    // Statements of their own: each sees what was committed while the first waited for the lock.
    private const string Rest = RuleBooks.Position + """
        select donated_on as "on", procedure, collected_ml as ml, treatment_units as units from donor.donation where donor_id = @donorId;
        select code, starts_on, ends_on, lifted_at from donor.deferral where donor_id = @donorId;
        select min(at) as at from donor.reaction where donor_id = @donorId;
        select rule, approved_for as "on" from donor.interval_approval where donor_id = @donorId;
        select organisation_id, member_number, group_id, valid_from, valid_to, share_participation from donor.membership where donor_id = @donorId order by organisation_id;
        """;

    /// <summary>The same statements for the donor of something else: of a visit, of a deferral.</summary>
    public static string LockedBy(string selectDonorId) => Locked.Replace("@donorId", $"({selectDonorId})", StringComparison.Ordinal);

    /// <summary>Takes the results of the statements above; null when there is no such donor.</summary>
    public static async Task<DonorFile?> Read(SqlMapper.GridReader grid, Vault vault, RuleBooks books)
    {
        var row = await grid.ReadSingleOrDefaultAsync<DonorRow>();
        var book = await books.At(await grid.ReadSingleAsync<long>());
        var donations = (await grid.ReadAsync<PastDonation>()).AsList();
        var deferrals = (await grid.ReadAsync<DeferralRow>()).AsList();
        var reaction = await grid.ReadSingleAsync<ReactionRow>();
        var approvals = (await grid.ReadAsync<Approval>()).AsList();
        var memberships = (await grid.ReadAsync<MembershipRow>()).AsList();
        if (row is null) return null;
        var key = vault.Unwrap(row.Id, row.WrappedKey);
        var facts = FactsOf(key, row.BirthDate, row.Sex, donations, deferrals, reaction.At, approvals);
        return new DonorFile(row, key, facts, memberships, book);
    }

    /// <summary>What the rules must know, opened.</summary>
    internal static DonorFacts FactsOf(SubjectKey key, byte[] birthDate, string sex, IReadOnlyList<PastDonation> donations, IEnumerable<DeferralRow> deferrals, DateTimeOffset? reaction, IReadOnlyList<Approval> approvals) => new(
        DateOnly.ParseExact(key.Open("birth_date", birthDate), "yyyy-MM-dd", CultureInfo.InvariantCulture), sex, donations,
        [.. deferrals.Select(d => new DeferralFact(key.Open("deferral_code", d.Code), d.StartsOn, EndOf(d)))], reaction is { } at ? Shanghai.DateOf(at) : null, approvals);

    /// <summary>The donor in a change, locked.</summary>
    public static Task<DonorFile?> Lock(Transaction tx, Vault vault, RuleBooks books, Guid donorId) => tx.Read(Locked, new { donorId }, grid => Read(grid, vault, books));

    /// <summary>What forbids the procedure, by the rules of each day.</summary>
    public List<Obstacle> Obstacles(string procedure) => Eligibility.Obstacles(Facts, procedure, Book);

    /// <summary>What forbids the procedure under these rules.</summary>
    public List<Obstacle> Obstacles(string procedure, RuleSet rules) => Eligibility.Obstacles(Facts, procedure, rules);

    /// <summary>The version of the donor's next event.</summary>
    public long NextVersion() => ++Version;

    /// <summary>A deferral by the rule set (or by a code that only its sender knows), recorded and counted at once.</summary>
    /// <returns>Its id.</returns>
    public Guid Defer(Transaction tx, DeferralFact deferral, string certainty, string origin, RuleSet rules, Guid? by = null, string? note = null, Guid? visitId = null, Guid? requirementId = null, string? din = null)
    {
        var id = tx.NewId();
        var rule = rules.Find(deferral.Code);
        var until = certainty == "provisional" ? null : deferral.Until; // holds until confirmed or lifted
        tx.Write("""
            insert into donor.deferral (id, donor_id, version, code, starts_on, ends_on, certainty, reentry, origin, note, requirement_id, din, visit_id, recorded_at, recorded_by)
            values (@id, @donorId, 1, @code, @From, @until, @certainty, @reentry, @origin, @note, @requirementId, @din, @visitId, @now, @by)
            """, new
            {
                id, donorId = Id, code = Key.Seal("deferral_code", deferral.Code), deferral.From, until, certainty, origin, requirementId, din, visitId, now = tx.Now, by,
                reentry = origin == "test" || rule is { TestDerived: true } or { Permanent: true }, note = note is null ? null : Key.Seal("deferral_note", note),
            });
        Facts = Facts with { Deferrals = [.. Facts.Deferrals, deferral with { Until = until }] };
        return id;
    }

    /// <summary>Announces the dates on which the donor may give: no reason, and everything medical looks alike.</summary>
    public void AnnounceWindows(Transaction tx)
    {
        var windows = Windows(Id, NextVersion(), Facts, Book, tx.Now);
        windowsDigest = DigestOf(windows);
        tx.Append(windows);
    }

    /// <summary>What two announcements have in common when nothing but their rule set's version differs.</summary>
    public static byte[] DigestOf(DonorEligibilityChanged windows) => SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(windows.Procedures, Json.Options));

    /// <summary>The event that says it.</summary>
    public static DonorEligibilityChanged Windows(Guid donorId, long version, DonorFacts facts, RuleBook book, DateTimeOffset now)
    {
        var rules = book.Near(Shanghai.DateOf(now));
        return new()
        {
            Key = donorId.ToString(), Version = version, OccurredAt = now, DonorId = donorId, RuleSet = rules.Code, RuleSetVersion = rules.Version,
            Procedures = [.. Procedures.All.Select(p => new ProcedureWindows(p, [.. Eligibility.Windows(Eligibility.Obstacles(facts, p, book)).Select(w => new DateWindow(w.From, w.To))]))],
        };
    }

    /// <summary>A donation of his must not be used; why is not said.</summary>
    public void Withdraw(Transaction tx, string din, Guid stationId)
    {
        var id = tx.NewId();
        tx.Write("insert into donor.withdrawal (id, din, donor_id, hold_kind, recorded_at) values (@id, @din, @donorId, 'late-information', @now)", new { id, din, donorId = Id, now = tx.Now });
        tx.Append(new DonationWithdrawn { Key = Id.ToString(), Version = NextVersion(), OccurredAt = tx.Now, StationId = stationId, WithdrawalId = id, DonorId = Id, Din = din, HoldKind = "late-information" });
    }

    /// <summary>Writes the version that the last event took.</summary>
    public void Save(Transaction tx) => tx.Write("update donor.donor set version = @Version, windows_digest = coalesce(@windowsDigest, windows_digest) where id = @Id and version = @readVersion", new { Version, Id, readVersion, windowsDigest });

    /// <summary>The organisation the donor belongs to on a day, where he shares his participation with it.</summary>
    public Guid? SharedOrganisationOn(DateOnly day) => Memberships
        .Where(m => m.ShareParticipation && (m.ValidFrom is not { } from || from <= day) && (m.ValidTo is not { } to || day <= to))
        .OrderByDescending(m => m.ValidFrom ?? DateOnly.MinValue).Select(m => (Guid?)m.OrganisationId).FirstOrDefault();

    public DonorMembership[] PublicMemberships => [.. Memberships.Select(m => new DonorMembership(m.OrganisationId, m.GroupId, m.ValidFrom, m.ValidTo, m.ShareParticipation))];

    // A lifted deferral was in force until the day it was lifted: the past stays what it was.
    private static DateOnly? EndOf(DeferralRow deferral)
    {
        if (deferral.LiftedAt is not { } lifted) return deferral.EndsOn;
        var on = Shanghai.DateOf(lifted);
        return deferral.EndsOn is { } end && end < on ? end : on;
    }

    private sealed record ReactionRow(DateTimeOffset? At);
}

/// <summary>A deferral as the rules see it.</summary>
internal sealed record DeferralRow(byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, DateTimeOffset? LiftedAt);

/// <summary>The donor's row with his wrapped key.</summary>
public sealed record DonorRow(Guid Id, long Version, string Status, byte[] Name, string DocumentKind, byte[] DocumentNumber, byte[] BirthDate, byte[] Phone, string Sex, string? BloodGroup, string? District, string Consents, Guid[] Apps, string IdentityAssurance, DateTimeOffset RegisteredAt, byte[] WrappedKey);

public sealed record MembershipRow(Guid OrganisationId, byte[]? MemberNumber, string? GroupId, DateOnly? ValidFrom, DateOnly? ValidTo, bool ShareParticipation);
