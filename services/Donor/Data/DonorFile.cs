using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Rules;
using Dapper;
using Npgsql;

namespace BloodPlatform.Donors.Data;

/// <summary>
/// All that the rules and the events need of one person, read in one round trip: the donor who was asked for, and every registration
/// that was merged with his (docs/decisions/0009). Facts, consents, memberships and apps are those of all; what is recorded goes under
/// the id that was asked for, is sealed with that id's key and counts that id's versions. A change locks the survivor's row: whoever
/// holds it owns them all, so the order of their events and versions agree; <see cref="Save"/> writes the last ones.
/// </summary>
public sealed class DonorFile
{
    private readonly List<Registered> all;
    private readonly Dictionary<Guid, long> versions;
    private readonly HashSet<string> withdrawn = [];
    private readonly Vault vault;
    private byte[]? windowsDigest;
    private int profileChanges;

    private DonorFile(Guid id, Guid personId, List<Registered> all, Dictionary<Guid, long> versions, RuleBook book, Vault vault)
    {
        (this.all, this.versions, this.vault, Book) = (all, versions, vault, book);
        (Recorded, Person) = (all.Single(r => r.Row.Id == id), all.Single(r => r.Row.Id == personId));
        Facts = Merging.Together([Person.Facts, .. Others.Select(r => r.Facts)]);
        Consents = all.Count == 1 ? Person.Consents : Merging.Consents(all.SelectMany(r => r.Consents));
    }

    private Registered Recorded { get; set; }

    private Registered Person { get; }

    private IEnumerable<Registered> Others => all.Where(r => r != Person);

    /// <summary>The registration that was asked for.</summary>
    public DonorRow Row => Recorded.Row;

    public Guid Id => Row.Id;

    /// <summary>The donor who stands for the person; <see cref="Id"/> itself unless it was merged.</summary>
    public Guid PersonId => Person.Row.Id;

    public bool Merged => PersonId != Id;

    public SubjectKey Key => Recorded.Key;

    /// <summary>The key of one of the person's registrations.</summary>
    public SubjectKey KeyOf(Guid donorId) => all.Single(r => r.Row.Id == donorId).Key;

    public DonorFacts Facts { get; set; }

    /// <summary>What he gave that may be in somebody's store: not what was recorded afterwards, nor what was none of his.</summary>
    public IReadOnlyList<GivenDonation> Given => [.. all.SelectMany(r => r.Given).OrderBy(d => d.Din, StringComparer.Ordinal)];

    /// <summary>What his deferrals, as they were read, reach of blood that turns out to be his too. One that was entered in error reaches nothing.</summary>
    public IReadOnlyList<Reach> Reaches(RuleSet rules) =>
    [
        .. from registered in all
           from deferral in registered.Deferrals
           where !deferral.InError
           let code = registered.Key.Open("deferral_code", deferral.Code)
           select Reach.Of(new(code, deferral.StartsOn, EndOf(new(deferral.Code, deferral.StartsOn, deferral.EndsOn, deferral.LiftedAt))), rules.Find(code), deferral.Origin),
    ];

    /// <summary>As they stand for the person: what he said last.</summary>
    public List<DonorConsent> Consents { get; }

    /// <summary>As they are kept with one of the registrations.</summary>
    public List<DonorConsent> ConsentsOf(Guid donorId) => all.Single(r => r.Row.Id == donorId).Consents;

    /// <summary>As they are kept with the registration that was asked for.</summary>
    public List<DonorConsent> OwnConsents => Recorded.Consents;

    public List<MembershipRow> Memberships => all.Count == 1 ? Person.Memberships : [.. all.SelectMany(r => r.Memberships).OrderBy(m => m.OrganisationId).ThenBy(m => m.ValidFrom)];

    public List<MembershipRow> OwnMemberships => Recorded.Memberships;

    public Guid[] Apps => [.. all.SelectMany(r => r.Row.Apps).Distinct()];

    /// <summary>What his resource shows, as it was read.</summary>
    public DonorProfile Profile => new(Row, [Person.Row, .. Others.Select(r => r.Row)], Key, Memberships);

    public string? BloodGroup => Profile.BloodGroup;

    public string? District => Profile.District;

    /// <inheritdoc cref="DonorProfile.Assurance"/>
    public string Assurance => Profile.Assurance;

    /// <summary>Everybody's rows, for what a merge shows and writes.</summary>
    public IReadOnlyList<DonorRow> Rows => [.. all.Select(r => r.Row)];

    /// <summary>Other registrations that showed a document of the erased person of whom this one showed one: they are one person, though nobody has merged them.</summary>
    private IReadOnlyList<Guid> OtherClaimants { get; init; } = [];

    /// <summary>The newest rules, as of this read.</summary>
    public RuleBook Book { get; }

    public long Version => versions[Id];

    /// <summary>
    /// The version of what a donor's resource shows: his ETag. Not the version of his events, which every deferral moves on: who polls it would see that
    /// something happened to him.
    /// </summary>
    public long ProfileVersion => Person.Row.ProfileVersion + profileChanges;

    /// <summary>He asked for erasure and the law still keeps his record: only what protects patients and himself goes on (PIPL Art. 47).</summary>
    public bool Restricted => Person.Row.Status == "restricted";

    /// <summary>Whether an id means this person.</summary>
    public bool Includes(Guid donorId) => versions.ContainsKey(donorId);

    /// <summary>Records what follows under another registration of the person: the one whose document was shown.</summary>
    public void RecordAs(Guid donorId) => Recorded = all.Single(r => r.Row.Id == donorId);

    /// <summary>The donor of an id, the survivor's row locked for the transaction.</summary>
    public static readonly string Locked = Head + " for update of d;" + Rest;

    /// <summary>The donor of an id as he stands; for answers that change nothing.</summary>
    public static readonly string Unlocked = Head + ";" + Rest;

    /// <summary>The id of the donor who stands for the person of an id. An SQL expression.</summary>
    public const string PersonOf = "donor.person_of(@donorId)";

    /// <summary>Every id that means the person of an id. An SQL array.</summary>
    public const string IdsOf = "donor.ids_of(@donorId)";

    internal const string Columns = """
        d.id, d.version, d.status, d.name, d.document_kind, d.document_number, d.birth_date, d.phone, d.sex, d.blood_group, d.district, d.consents::text as consents, d.apps, d.identity_assurance, d.registered_at, k.wrapped_key,
        d.merged_into, d.document_index, @donorId as asked_id, d.profile_version
        from donor.donor d join donor.subject_key k on k.subject_id = d.id
        """;

    private const string Head = $"select {Columns} where d.id = {PersonOf}";

    // Statements of their own: each sees what was committed while the first waited for the lock.
    private const string Rest = RuleBooks.Position + $"""
        select {PersonOf};
        select {Columns} where d.id = any({IdsOf}) and d.id <> {PersonOf} order by d.id;
        select donor_id, "on", procedure, ml, units, attempt, din, station_id from donor.counted where donor_id = any({IdsOf});
        select donor_id, code, starts_on, ends_on, lifted_at, origin, coalesce(void_id, finding_correction_id) is not null as in_error from donor.deferral where donor_id = any({IdsOf});
        select donor_id, min(at) as at from donor.reaction_counted where donor_id = any({IdsOf}) group by donor_id;
        select donor_id, rule, approved_for as "on" from donor.interval_approval where donor_id = any({IdsOf}) and withdrawn_at is null;
        select {MembershipRow.Columns} from donor.membership m where m.donor_id = any({IdsOf}) order by m.organisation_id, m.valid_from nulls first;
        select distinct o.claimant_id from donor.tombstone_claim c join donor.tombstone_claim o on o.tombstone_id = c.tombstone_id where c.claimant_id = any({IdsOf}) and o.claimant_id <> all({IdsOf}) order by 1;
        """;

    /// <summary>The same statements for the donor of something else: of a visit, of a deferral.</summary>
    public static string LockedBy(string selectDonorId) => Locked.Replace("@donorId", $"({selectDonorId})", StringComparison.Ordinal);

    /// <summary>Takes the results of the statements above; null when there is no such donor.</summary>
    public static async Task<DonorFile?> Read(SqlMapper.GridReader grid, Vault vault, RuleBooks books)
    {
        var person = await grid.ReadSingleOrDefaultAsync<DonorRow>();
        var book = await books.At(await grid.ReadSingleAsync<long>());
        var personNow = await grid.ReadSingleAsync<Guid>();
        var others = (await grid.ReadAsync<DonorRow>()).AsList();
        var donations = (await grid.ReadAsync<DonationRow>()).ToLookup(d => d.DonorId);
        var deferrals = (await grid.ReadAsync<RecordedDeferral>()).ToLookup(d => d.DonorId);
        var reactions = (await grid.ReadAsync<ReactionRow>()).ToDictionary(r => r.DonorId, r => r.At);
        var approvals = (await grid.ReadAsync<ApprovalRow>()).ToLookup(a => a.DonorId);
        var memberships = (await grid.ReadAsync<MembershipRow>()).ToLookup(m => m.DonorId);
        var claimants = (await grid.ReadAsync<Guid>()).AsList();
        if (person is null or { Status: "erased" }) return null; // the key was destroyed, perhaps while this waited for the row
        // Merged, or a merge undone, while this waited for the row. As after a serialisation failure the work is run again, and finds whom it must.
        if (personNow != person.Id) throw new PostgresException("the donor was merged meanwhile", "ERROR", "ERROR", PostgresErrorCodes.SerializationFailure);

        var rows = others.Prepend(person).ToList();
        return new DonorFile(person.AskedId, person.Id, rows.ConvertAll(row =>
        {
            var key = vault.Unwrap(row.Id, row.WrappedKey);
            var facts = FactsOf(key, row.BirthDate, row.Sex, [.. donations[row.Id].Select(d => new PastDonation(d.On, d.Procedure, d.Ml, d.Units, d.Attempt))], deferrals[row.Id].Select(d => new DeferralRow(d.Code, d.StartsOn, d.EndsOn, d.LiftedAt)),
                reactions.TryGetValue(row.Id, out var at) ? at : null, [.. approvals[row.Id].Select(a => new Approval(a.Rule, a.On))]);
            return new Registered(row, key, facts, JsonSerializer.Deserialize<List<DonorConsent>>(row.Consents, Json.Options)!, [.. memberships[row.Id]],
                [.. donations[row.Id].Where(d => d.Din is not null).Select(d => new GivenDonation(d.Din!, d.DonorId, d.StationId!.Value, d.On))], [.. deferrals[row.Id]]);
        }), rows.ToDictionary(r => r.Id, r => r.Version), book, vault) { OtherClaimants = claimants };
    }

    /// <summary>What the rules must know, opened.</summary>
    internal static DonorFacts FactsOf(SubjectKey key, byte[] birthDate, string sex, IReadOnlyList<PastDonation> donations, IEnumerable<DeferralRow> deferrals, DateTimeOffset? reaction, IReadOnlyList<Approval> approvals) => new(
        BirthDateOf(key, birthDate), sex, donations,
        [.. deferrals.Select(d => new DeferralFact(key.Open("deferral_code", d.Code), d.StartsOn, EndOf(d)))], reaction is { } at ? Shanghai.DateOf(at) : null, approvals);

    internal static DateOnly BirthDateOf(SubjectKey key, byte[] birthDate) => DateOnly.ParseExact(key.Open("birth_date", birthDate), "yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The donor in a change, locked.</summary>
    public static Task<DonorFile?> Lock(Transaction tx, Vault vault, RuleBooks books, Guid donorId) => tx.Read(Locked, new { donorId }, grid => Read(grid, vault, books));

    /// <summary>Two persons as the one that a merge makes of them: the survivor's. Both files' versions go on being counted together.</summary>
    public static DonorFile Together(DonorFile survivor, DonorFile absorbed) =>
        new(survivor.PersonId, survivor.PersonId, [.. survivor.all, .. absorbed.all], survivor.versions.Concat(absorbed.versions).ToDictionary(), survivor.Book, survivor.vault)
        { OtherClaimants = [.. survivor.OtherClaimants.Union(absorbed.OtherClaimants).Where(c => !survivor.Includes(c) && !absorbed.Includes(c))] };

    /// <summary>The two persons that an undone merge leaves: who stays, and who hangs on the absorbed one. Their versions go on being counted together.</summary>
    public (DonorFile Staying, DonorFile Separated) Split(Guid absorbed)
    {
        var under = Merging.Under(absorbed, [.. all.Select(r => (r.Row.Id, r.Row.MergedInto))]);
        return (new(PersonId, PersonId, [.. all.Where(r => !under.Contains(r.Row.Id))], versions, Book, vault), new(absorbed, absorbed, [.. all.Where(r => under.Contains(r.Row.Id))], versions, Book, vault));
    }

    /// <summary>What forbids the procedure, by the rules of each day.</summary>
    public List<Obstacle> Obstacles(string procedure) => Eligibility.Obstacles(Facts, procedure, Book);

    /// <summary>What forbids the procedure under these rules.</summary>
    public List<Obstacle> Obstacles(string procedure, RuleSet rules) => Eligibility.Obstacles(Facts, procedure, rules);

    /// <summary>What the person's memberships are after a change, for what follows in the same transaction.</summary>
    public void Replace(IEnumerable<MembershipRow> memberships)
    {
        var now = memberships.ToLookup(m => m.DonorId);
        foreach (var registered in all)
        {
            registered.Memberships.Clear();
            registered.Memberships.AddRange(now[registered.Row.Id]);
        }
    }

    /// <summary>The version of the donor's next event.</summary>
    public long NextVersion() => NextVersionOf(Id);

    /// <summary>The same of one of the person's other ids.</summary>
    public long NextVersionOf(Guid donorId) => ++versions[donorId];

    /// <summary>
    /// A deferral by the rule set (or by a code that only its sender knows), recorded and counted at once. What he gave that it reaches is withdrawn,
    /// wherever it was found: at the counter, in the chair, by another register. Only a laboratory holds itself what its result concerns.
    /// </summary>
    /// <returns>Its id.</returns>
    public Guid Defer(Transaction tx, DeferralFact deferral, string certainty, string origin, RuleSet rules, Guid? by = null, string? note = null, Guid? visitId = null, Guid? requirementId = null, Guid? confirmationId = null, string? din = null, Guid? copyOf = null)
    {
        var id = tx.NewId();
        var rule = rules.Find(deferral.Code);
        var until = certainty == "provisional" ? null : deferral.Until; // holds until confirmed or lifted
        tx.Write("""
            insert into donor.deferral (id, donor_id, version, code, starts_on, ends_on, certainty, reentry, origin, note, requirement_id, confirmation_id, din, visit_id, recorded_at, recorded_by, copy_of)
            values (@id, @donorId, 1, @code, @From, @until, @certainty, @reentry, @origin, @note, @requirementId, @confirmationId, @din, @visitId, @now, @by, @copyOf)
            """, new
            {
                id, donorId = Id, code = Key.Seal("deferral_code", deferral.Code), deferral.From, until, certainty, origin, requirementId, confirmationId, din, visitId, now = tx.Now, by, copyOf,
                reentry = origin == "test" || rule is { TestDerived: true } or { Permanent: true }, note = note is null ? null : Key.Seal("deferral_note", note),
            });
        Facts = Facts with { Deferrals = [.. Facts.Deferrals, deferral with { Until = until }] };
        if (origin != "test" || copyOf is not null) WithdrawReached(tx, Reach.Of(deferral with { Until = until }, rule, origin));
        foreach (var other in OtherClaimants) tx.StartJob(Features.Erasures.FollowClaimant.Kind, new Features.Erasures.FollowClaimant.Input(Id, other, id));
        return id;
    }

    /// <summary>One of what counts for the intervals that counts no more: found among the facts by what it is.</summary>
    public void Forget(PastDonation donation)
    {
        var donations = Facts.Donations.ToList();
        donations.Remove(donation);
        Facts = Facts with { Donations = donations };
    }

    /// <summary>The same deferral, ending today: found among the facts by what it is.</summary>
    public void Lifted(DeferralFact deferral, DateOnly today)
    {
        var facts = Facts.Deferrals.ToList();
        facts.Remove(deferral);
        facts.Add(deferral with { Until = deferral.Until is { } end && end < today ? end : today });
        Facts = Facts with { Deferrals = facts };
    }

    /// <summary>Announces the person as he now is: whole state.</summary>
    public void AnnounceChange(Transaction tx, string? status = null, string? bloodGroup = null, string? district = null, IEnumerable<DonorConsent>? consents = null)
    {
        ProfileChanged(tx);
        tx.Append(new DonorChanged
        {
            Key = PersonId.ToString(), Version = NextVersionOf(PersonId), OccurredAt = tx.Now, DonorId = PersonId, Status = status ?? Person.Row.Status, BloodGroup = bloodGroup ?? BloodGroup, District = district ?? District,
            Consents = [.. consents ?? Consents], Apps = Apps, Memberships = PublicMemberships,
        });
    }

    /// <summary>Something that his resource shows changed.</summary>
    public void ProfileChanged(Transaction tx)
    {
        profileChanges++;
        tx.Write("update donor.donor set profile_version = profile_version + 1 where id = @PersonId", new { PersonId });
    }

    /// <summary>Announces the dates on which the person may give: no reason, and everything medical looks alike.</summary>
    public void AnnounceWindows(Transaction tx)
    {
        var windows = Windows(PersonId, NextVersionOf(PersonId), Facts, Book, tx.Now);
        windowsDigest = DigestOf(windows);
        tx.Append(windows);
        if (Restricted) Tombstone.Follow(tx, vault, PersonId, Facts, Book);
        // A donation moves the day on which he is reminded; nothing medical does.
        if (Reminders.Next(Obstacles(Facts.Donations.MaxBy(d => d.On)?.Procedure ?? Procedures.WholeBlood), Shanghai.DateOf(tx.Now)) is { } remindOn)
            tx.WriteAny("update donor.contact_preference set next_on = @remindOn where donor_id = any(@ids) and reminders <> 'never'", new { remindOn, ids = versions.Keys.ToArray() }); // the wish may have been said under any of his ids
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
            Procedures = [.. Procedures.All.Select(p =>
            {
                var obstacles = Eligibility.Obstacles(facts, p, book);
                return new ProcedureWindows(p, [.. Eligibility.Windows(obstacles).Select(w => new DateWindow(w.From, w.To))], [.. Eligibility.Covered(obstacles.Where(o => o.Medical)).Select(w => new DateWindow(w.From, w.To))]);
            })],
        };
    }

    /// <summary>Withdraws what he gave that a deferral reaches.</summary>
    public void WithdrawReached(Transaction tx, Reach reach)
    {
        foreach (var donation in Given.Where(d => reach.Covers(d.On))) Withdraw(tx, donation.Din, donation.StationId, donation.DonorId);
    }

    /// <summary>
    /// A donation of his must not be used; why is not said. Said of the id it was recorded under, whose facts Inventory waits for; once in a
    /// transaction, however many reasons it finds.
    /// </summary>
    public void Withdraw(Transaction tx, string din, Guid stationId, Guid? recordedUnder = null)
    {
        if (withdrawn.Add(din)) Withdraw(tx, din, stationId, recordedUnder ?? Id, NextVersionOf(recordedUnder ?? Id));
    }

    /// <summary>The same where the donor's file can't be opened any more.</summary>
    internal static void Withdraw(Transaction tx, string din, Guid stationId, Guid donorId, long version)
    {
        var id = tx.NewId();
        tx.Write("insert into donor.withdrawal (id, din, donor_id, hold_kind, recorded_at) values (@id, @din, @donorId, 'late-information', @now)", new { id, din, donorId, now = tx.Now });
        tx.Append(new DonationWithdrawn { Key = donorId.ToString(), Version = version, OccurredAt = tx.Now, StationId = stationId, WithdrawalId = id, DonorId = donorId, Din = din, HoldKind = "late-information" });
    }

    /// <summary>Asks the apps that act for him to write to him; nothing where he did not agree to be contacted.</summary>
    public void RequestContact(Transaction tx, string purpose, string template, ContactReferences references, DateTimeOffset from, TimeSpan within, Guid? stationId = null, string[]? channels = null, Guid? contactId = null)
    {
        if (!Consents.Exists(c => c.Code == "contact" && c.Withdrawn is null)) return;
        tx.Append(new ContactRequested
        {
            Key = PersonId.ToString(), Version = NextVersionOf(PersonId), OccurredAt = tx.Now, StationId = stationId, ContactId = contactId ?? tx.NewId(), DonorId = PersonId, Purpose = purpose, TemplateCode = template, References = references,
            Channels = channels ?? ["app"], NotBefore = from, NotAfter = from + within,
        });
    }

    /// <summary>Writes the versions that the last events took.</summary>
    public void Save(Transaction tx)
    {
        foreach (var row in all.Select(r => r.Row).Where(r => versions[r.Id] != r.Version))
            tx.Write("update donor.donor set version = @next, windows_digest = coalesce(@digest, windows_digest) where id = @Id and version = @Version", new { next = versions[row.Id], digest = row.Id == PersonId ? windowsDigest : null, row.Id, row.Version });
    }

    /// <summary>The organisation that a donation of the day is attributed to.</summary>
    public Guid? SharedOrganisationOn(DateOnly day, Guid? organiser) => Rules.Memberships.SharedOn(Memberships.Select(m => m.Period), day, organiser);

    public DonorMembership[] PublicMemberships => [.. Memberships.Select(m => m.Public)];

    // A lifted deferral was in force until the day it was lifted: the past stays what it was.
    private static DateOnly? EndOf(DeferralRow deferral)
    {
        if (deferral.LiftedAt is not { } lifted) return deferral.EndsOn;
        var on = Shanghai.DateOf(lifted);
        return deferral.EndsOn is { } end && end < on ? end : on;
    }

    private sealed record ReactionRow(Guid DonorId, DateTimeOffset At);

    private sealed record DonationRow(Guid DonorId, DateOnly On, string Procedure, int? Ml, int? Units, bool Attempt, string? Din, Guid? StationId);

    private sealed record RecordedDeferral(Guid DonorId, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, DateTimeOffset? LiftedAt, string Origin, bool InError);

    private sealed record ApprovalRow(Guid DonorId, string Rule, DateOnly On);

    /// <summary>One registration with what was recorded under it.</summary>
    private sealed record Registered(DonorRow Row, SubjectKey Key, DonorFacts Facts, List<DonorConsent> Consents, List<MembershipRow> Memberships, List<GivenDonation> Given, List<RecordedDeferral> Deferrals);
}

/// <summary>A donation of which there may be bags.</summary>
/// <param name="DonorId">The registration it was recorded under.</param>
public sealed record GivenDonation(string Din, Guid DonorId, Guid StationId, DateOnly On);

/// <summary>A deferral as the rules see it.</summary>
internal sealed record DeferralRow(byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, DateTimeOffset? LiftedAt);

/// <summary>The donor's row with his wrapped key.</summary>
public sealed record DonorRow(Guid Id, long Version, string Status, byte[] Name, string DocumentKind, byte[] DocumentNumber, byte[] BirthDate, byte[] Phone, string Sex, string? BloodGroup, string? District, string Consents, Guid[] Apps, string IdentityAssurance, DateTimeOffset RegisteredAt, byte[] WrappedKey, Guid? MergedInto, byte[] DocumentIndex, Guid AskedId, long ProfileVersion);

public sealed record MembershipRow(Guid Id, Guid DonorId, Guid OrganisationId, byte[]? MemberNumber, byte[]? MemberIndex, string? GroupId, DateOnly? ValidFrom, DateOnly? ValidTo, bool ShareParticipation)
{
    internal const string Columns = "m.id, m.donor_id, m.organisation_id, m.member_number, m.member_index, m.group_id, m.valid_from, m.valid_to, m.share_participation";

    public DonorMembership Public => new(OrganisationId, GroupId, ValidFrom, ValidTo, ShareParticipation);

    public MembershipPeriod Period => new(Id, OrganisationId, GroupId, ValidFrom, ValidTo, ShareParticipation);
}
