using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="ReasonCode">`entered-wrong`, `measured-again` or `label-wrong` with values; `wrong-donor`, `never-collected` or `recorded-twice` makes the donation void.</param>
/// <param name="Values">What should stand instead; what is absent stays. Of a needle of which nobody knows what it drew (an abandoned collection) only `collectedMl: 0`: the intervals end.</param>
/// <param name="TrueDonorId">With `wrong-donor`, where it is known: whose visit it was.</param>
public sealed record CorrectVisitRequest(
    [property: AllowedValues("entered-wrong", "measured-again", "label-wrong", "wrong-donor", "never-collected", "recorded-twice")] string ReasonCode,
    CorrectedValuesRequest? Values = null,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null,
    Guid? TrueDonorId = null);

public sealed record CorrectedValuesRequest(
    int? NominalMl = null,
    [property: Range(0, 2000)] int? CollectedMl = null,
    int? TreatmentUnits = null,
    [property: AllowedValues("completed", "under", "over", "abandoned", null)] string? Outcome = null,
    BagRequest? Bag = null,
    [property: AllowedValues("left", "right", null)] string? Arm = null,
    DateTimeOffset? StartedAt = null,
    DateTimeOffset? EndedAt = null);

/// <summary>A correction as it was made: the collection after it, and who answers for it. Of a visit without blood there is no number and no collection.</summary>
/// <param name="TrueDonorId">Whose visit it was, where that is known.</param>
/// <param name="Deferrals">With a void one: what came of the visit or its tests. Each holds until a second person signs, and stays where the reason is none of `wrong-donor`.</param>
public sealed record CorrectionView(Guid Id, Guid VisitId, string? Din, int Number, string Kind, string ReasonCode, CollectionView? Before, CollectionView? After, DateTimeOffset RecordedAt, Guid RecordedBy,
    Guid? TrueDonorId, IReadOnlyList<ArisenDeferralView> Deferrals, Guid? SignedBy, DateTimeOffset? SignedAt, string[] AllowedActions);

/// <param name="Status">`active`, `lifted` or `entered-in-error`.</param>
public sealed record ArisenDeferralView(Guid Id, Guid DonorId, string Code, DateOnly From, DateOnly? Until, string Certainty, string Origin, string Status)
{
    internal static ArisenDeferralView Of(ArisenDeferral d, DonorFile donor) => new(d.Id, d.DonorId, donor.KeyOf(d.DonorId).Open("deferral_code", d.Code), d.StartsOn, d.EndsOn, d.Certainty, d.Origin,
        d.LiftedAt is null ? "active" : d.VoidId is null ? "lifted" : "entered-in-error");
}

/// <summary>A deferral that came of a visit or of the tests of its blood; not those made of it for the true donor.</summary>
internal sealed record ArisenDeferral(Guid Id, Guid DonorId, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, string Certainty, string Origin, DateTimeOffset? LiftedAt, Guid? VoidId, Guid? RecordedBy)
{
    public const string OfVisit = """
        select f.id, f.donor_id, f.code, f.starts_on, f.ends_on, f.certainty, f.origin, f.lifted_at, coalesce(f.void_id, f.finding_correction_id) as void_id, f.recorded_by
        from donor.visit v join donor.deferral f on f.visit_id = v.id or f.din = v.din where v.id = @id and f.copy_of is null order by f.id;
        """;
}

public sealed record CollectionView(int? NominalMl, int? CollectedMl, int? TreatmentUnits, string Outcome, CollectionBag Bag, string Arm, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string[] Deviations, string[] Restrictions)
{
    internal static CollectionView Of(CollectionRecord r) => new(r.NominalMl, r.CollectedMl, r.TreatmentUnits, r.Outcome, r.Bag, r.Arm, r.StartedAt, r.EndedAt, r.Deviations, r.Restrictions);
}

/// <summary>
/// POST /v1/visits/{id}/corrections: a second person finds that what was recorded of a collection is otherwise, or that it is none of this donor's.
/// A new fact with its reason; what was recorded stays. Dates and volumes of everybody follow.
/// </summary>
public static class CorrectVisit
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/visits/{id:guid}/corrections", Handle).Allow("visits", Roles.Station).ByStaff("quality", "physician").Creates().WithSummary("A second person corrects or voids what was collected");
        app.MapGet("/v1/visits/{id:guid}/corrections", List).Allow("visits", Roles.Station).WithSummary("A visit's corrections, in order");
        app.MapGet("/v1/visits/{id:guid}/corrections/{correctionId:guid}", One).Allow("visits", Roles.Station).WithSummary("A correction");
    }

    private static async Task<Results<Made<CorrectionView>, ProblemHttpResult>> Handle(Guid id, CorrectVisitRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CorrectionView>, ProblemHttpResult>>(async tx =>
        {
            var voids = Correction.Voids.Contains(request.ReasonCode);
            if (voids != request.Values is null) return CommonProblems.Invalid.With(null, new FieldError("/values", "invalid", voids ? "Not with a reason that voids the donation" : "What should stand instead"));
            if (request.TrueDonorId is not null && request.ReasonCode != Correction.WrongDonor) return CommonProblems.Invalid.With(null, new FieldError("/trueDonorId", "invalid", "Only with wrong-donor"));
            var (found, beside) = await VisitFile.Lock(tx, vault, books, id, ArisenDeferral.OfVisit + Beside.Select, new { id, request.TrueDonorId }, async grid => (Deferrals: (await grid.ReadAsync<ArisenDeferral>()).ToList(), Row: await grid.ReadSingleAsync<Beside>()));
            if (found is not { } visit) return await OfErased(id, request, voids, caller, tx);
            var (row, donor) = (visit.Row, visit.Donor);
            if (row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            var (wrongDonor, given) = (request.ReasonCode == Correction.WrongDonor, VisitSteps.Given(row.Status));
            byte[]? Note() => request.Note is null ? null : donor.Key.Seal("correction_note", request.Note);
            var empties = visit.Attempt is not null && request.Values == new CorrectedValuesRequest(CollectedMl: 0);
            if (!given && !empties && !(wrongDonor && VisitSteps.Over(row.Status))) return Problems.NothingCollected.With($"The visit is {row.Status}");
            if (visit.Voided) return Problems.DonationVoided.With();
            var recorded = given || empties ? visit.StaffOf("collection/start", "collection/finish") : visit.StaffOf().Concat(beside.Deferrals.Select(d => d.RecordedBy).OfType<Guid>());
            if (Correction.By(caller.Staff!.Id, recorded, visit.Corrections.Count > 0 ? visit.Corrections[^1].RecordedBy : visit.Empty?.RecordedBy) is { } same) return same.ToProblem();
            if (request.TrueDonorId is { } truly && !beside.Row.TrueDonorKnown) return CommonProblems.Unknown(truly);
            if (request.TrueDonorId is { } himself && donor.Includes(himself)) return CommonProblems.Invalid.With(null, new FieldError("/trueDonorId", "invalid", "It is recorded under him"));
            if (empties)
            {
                visit.Empty = new(tx.NewId(), request.ReasonCode, tx.Now, caller.Staff.Id);
                tx.Write("insert into donor.attempt_correction (id, visit_id, reason_code, note, recorded_at, recorded_by) values (@Id, @visitId, @ReasonCode, @note, @RecordedAt, @RecordedBy)",
                    new { visit.Empty.Id, visitId = id, visit.Empty.ReasonCode, note = Note(), visit.Empty.RecordedAt, visit.Empty.RecordedBy });
                donor.Forget(new(Shanghai.DateOf(row.StartedAt!.Value), row.Procedure!, Attempt: true));
                donor.AnnounceWindows(tx);
                visit.Save(tx);
                tx.Audit("visit.correct", $"visits/{id}", new { kind = "corrected", request.ReasonCode });
                return Answers.Created($"/v1/visits/{id}/corrections/{visit.Empty.Id}", 1, EmptyView(visit));
            }
            if (!given)
            {
                // No blood, no donation: who was turned away, or fainted, was another.
                visit.Void = Void(tx, row, request.TrueDonorId, tx.NewId(), caller.Staff.Id, Note());
                if (visit.Attempt is { } attempt)
                {
                    donor.Forget(attempt);
                    donor.AnnounceWindows(tx);
                }
                visit.Save(tx);
                tx.Audit("visit.correct", $"visits/{id}", new { kind = "voided", request.ReasonCode });
                return Answers.Created($"/v1/visits/{id}/corrections/{visit.Void!.Id}", 1, ViewOf(visit, -1, beside.Deferrals));
            }

            var (before, after) = (visit.Collected, visit.Collected);
            var dayBefore = Shanghai.DateOf(before.StartedAt);
            if (request.Values is { } v)
            {
                var values = new CorrectedValues(v.NominalMl, v.CollectedMl, v.TreatmentUnits, v.Outcome, v.Bag is { } bag ? new(bag.Catalogue, bag.Lot, bag.ExpiresOn, bag.Preservative) : null, v.Arm, v.StartedAt, v.EndedAt);
                var (corrected, rejection) = Correction.Correct(visit.Rules, before, values, Eligibility.Restrictions(donor.Facts, visit.Rules, Shanghai.DateOf(v.StartedAt ?? before.StartedAt)), row.OpenedAt, tx.Now);
                if (rejection is not null) return rejection.ToProblem();
                after = corrected!;
            }

            var day = Shanghai.DateOf(after.StartedAt);
            var correction = new CorrectionRow(tx.NewId(), visit.Corrections.Count + 1, voids ? "voided" : "corrected", request.ReasonCode, after.NominalMl, after.CollectedMl, after.TreatmentUnits, after.Outcome,
                JsonSerializer.Serialize(after.Bag, Json.Options), after.Arm, after.StartedAt, after.EndedAt, after.Deviations, after.Restrictions, tx.Now, caller.Staff.Id);
            Keep(tx, row.Din!, correction, Note());
            visit.Add(correction);
            if (wrongDonor) visit.Void = Void(tx, row, request.TrueDonorId, correction.Id, caller.Staff.Id, Note());
            if (voids)
                AnnounceVoid(tx, row, correction, before, donor.NextVersion());
            else
                Announce(tx, visit, correction, before, after, donor);
            if (voids || (day, after.CollectedMl, after.TreatmentUnits) != (dayBefore, before.CollectedMl, before.TreatmentUnits))
            {
                var donations = donor.Facts.Donations.ToList();
                donations.Remove(new(dayBefore, row.Procedure!, before.CollectedMl, before.TreatmentUnits));
                if (!voids) donations.Add(new(day, row.Procedure!, after.CollectedMl, after.TreatmentUnits));
                donor.Facts = donor.Facts with { Donations = donations };
                donor.AnnounceWindows(tx);
            }
            AnnounceFirst(tx, row, beside.Row, before.StartedAt, voids ? null : after.StartedAt, donor.NextVersionOf);
            visit.Save(tx);
            tx.Audit("visit.correct", $"visits/{id}", new { din = row.Din, correction.Number, correction.Kind, request.ReasonCode });
            return Answers.Created($"/v1/visits/{id}/corrections/{correction.Id}", 1, ViewOf(visit, correction.Number - 1, beside.Deferrals));
        }, ct);

    /// <summary>An answer that was corrected forbids components of what was collected: a correction like any other, that only adds restrictions.</summary>
    internal static void Restrict(Transaction tx, VisitFile visit, string[] restrictions, Guid by)
    {
        var (row, donor, before) = (visit.Row, visit.Donor, visit.Collected);
        var after = before with { Restrictions = [.. before.Restrictions, .. restrictions] };
        var correction = new CorrectionRow(tx.NewId(), visit.Corrections.Count + 1, "corrected", "entered-wrong", after.NominalMl, after.CollectedMl, after.TreatmentUnits, after.Outcome,
            JsonSerializer.Serialize(after.Bag, Json.Options), after.Arm, after.StartedAt, after.EndedAt, after.Deviations, after.Restrictions, tx.Now, by);
        Keep(tx, row.Din!, correction, null);
        visit.Add(correction);
        Announce(tx, visit, correction, before, after, donor);
    }

    private static void Announce(Transaction tx, VisitFile visit, CorrectionRow correction, CollectionRecord before, CollectionRecord after, DonorFile donor) => visit.Announce(tx, new DonationCorrected
    {
        Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = tx.Now, CorrectionId = correction.Id, Din = visit.Row.Din!, Number = correction.Number, DonorId = donor.Id, DriveId = visit.Row.DriveId, District = visit.Row.District,
        ReasonCode = correction.ReasonCode, Before = StateOf(before), After = StateOf(after), Backfilled = visit.Row.Backfilled,
    });

    private static VoidRow Void(Transaction tx, VisitRow row, Guid? trueDonorId, Guid id, Guid by, byte[]? note)
    {
        tx.Write("insert into donor.visit_void (id, visit_id, din, note, recorded_at, recorded_by) values (@id, @visitId, @Din, @note, @now, @by)", new { id, visitId = row.Id, row.Din, note, now = tx.Now, by });
        if (trueDonorId is { } trueDonor)
        {
            tx.Write("insert into donor.visit_void_named (void_id, true_donor_id, named_at, named_by) values (@id, @trueDonor, @now, @by)", new { id, trueDonor, now = tx.Now, by });
            FollowVoid.Start(tx, id);
        }
        return new(id, trueDonorId, tx.Now, by, null, null);
    }

    /// <summary>
    /// Of an erased donor whose key is destroyed nothing is opened and nothing sealed, so no words are kept: what he is said to have given is void, and whoever
    /// counted it counts it no more. What remains of him holds on to what came of it, which nobody can read and so nobody end.
    /// </summary>
    private static async Task<Results<Made<CorrectionView>, ProblemHttpResult>> OfErased(Guid id, CorrectVisitRequest request, bool voids, Caller caller, Transaction tx)
    {
        var (versions, row, steps, corrections, beside) = await tx.Read($"""
            select d.id, d.version from donor.donor d where d.id = any({Beside.Ids}) and d.status = 'erased' order by d.id for update;
            {VisitFile.Select} for update of v;
            {VisitFile.Steps}
            {Beside.Select}
            """, new { id, request.TrueDonorId }, async grid =>
        {
            var (donors, visit, done, made) = ((await grid.ReadAsync<ErasedRow>()).ToDictionary(d => d.Id, d => d.Version), await grid.ReadSingleOrDefaultAsync<VisitRow>(), (await grid.ReadAsync<StepView>()).ToList(), (await grid.ReadAsync<CorrectionRow>()).ToList());
            await grid.ReadAsync<VoidRow>(); // of a visit without blood; of a donation the correction says it
            await grid.ReadAsync<EmptyRow>();
            return (donors, visit, done, made, await grid.ReadSingleAsync<Beside>());
        });
        if (row is null || versions.Count == 0) return CommonProblems.Unknown(id);
        if (row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
        if (!voids || !VisitSteps.Given(row.Status)) return Problems.IdentityDestroyed.With();
        if (corrections is [.., { Kind: "voided" }]) return Problems.DonationVoided.With();
        if (Correction.By(caller.Staff!.Id, steps.Where(s => s.Step is "collection/start" or "collection/finish").Select(s => s.StaffId), corrections.Count > 0 ? corrections[^1].RecordedBy : null) is { } same) return same.ToProblem();
        if (request.TrueDonorId is { } truly && !beside.TrueDonorKnown) return CommonProblems.Unknown(truly);
        if (request.TrueDonorId is { } himself && versions.ContainsKey(himself)) return CommonProblems.Invalid.With(null, new FieldError("/trueDonorId", "invalid", "It is recorded under him"));

        var before = VisitFile.CollectedBefore(row, corrections, corrections.Count);
        var correction = new CorrectionRow(tx.NewId(), corrections.Count + 1, "voided", request.ReasonCode, before.NominalMl, before.CollectedMl, before.TreatmentUnits, before.Outcome,
            JsonSerializer.Serialize(before.Bag, Json.Options), before.Arm, before.StartedAt, before.EndedAt, before.Deviations, before.Restrictions, tx.Now, caller.Staff.Id);
        Keep(tx, row.Din!, correction, null);
        var wrong = request.ReasonCode == Correction.WrongDonor ? Void(tx, row, request.TrueDonorId, correction.Id, caller.Staff.Id, null) : null;
        AnnounceVoid(tx, row, correction, before, ++versions[row.DonorId]);
        AnnounceFirst(tx, row, beside, before.StartedAt, null, of => ++versions[of]);
        tx.Write("update donor.visit set version = version + 1 where id = @id", new { id });
        tx.Write("update donor.donor d set version = v.version from unnest(@ids, @versions) as v(id, version) where d.id = v.id", new { ids = versions.Keys.ToArray(), versions = versions.Values.ToArray() }, rows: versions.Count);
        tx.Audit("visit.correct", $"visits/{id}", new { din = row.Din, correction.Number, correction.Kind, request.ReasonCode });
        return Answers.Created($"/v1/visits/{id}/corrections/{correction.Id}", 1, new CorrectionView(correction.Id, id, row.Din, correction.Number, correction.Kind, correction.ReasonCode, CollectionView.Of(before), CollectionView.Of(before),
            correction.RecordedAt, correction.RecordedBy, wrong?.TrueDonorId, [], null, null, []));
    }

    private static void Keep(Transaction tx, string din, CorrectionRow correction, byte[]? note) => tx.Write("""
        insert into donor.donation_correction (id, din, number, kind, reason_code, note, nominal_ml, collected_ml, treatment_units, outcome, bag, arm, started_at, ended_at, donated_on, deviations, restrictions, recorded_at, recorded_by)
        values (@Id, @din, @Number, @Kind, @ReasonCode, @note, @NominalMl, @CollectedMl, @TreatmentUnits, @Outcome, @Bag::jsonb, @Arm, @StartedAt, @EndedAt, @day, @Deviations, @Restrictions, @RecordedAt, @RecordedBy)
        """, new
    {
        correction.Id, din, correction.Number, correction.Kind, correction.ReasonCode, note, correction.NominalMl, correction.CollectedMl, correction.TreatmentUnits,
        correction.Outcome, correction.Bag, correction.Arm, correction.StartedAt, correction.EndedAt, day = Shanghai.DateOf(correction.StartedAt), correction.Deviations, correction.Restrictions, correction.RecordedAt, correction.RecordedBy,
    });

    private static void AnnounceVoid(Transaction tx, VisitRow row, CorrectionRow correction, CollectionRecord before, long version) => tx.Append(new DonationVoided
    {
        Key = row.DonorId.ToString(), Version = version, OccurredAt = tx.Now, StationId = row.StationId, CorrectionId = correction.Id, Din = row.Din!, Number = correction.Number, DonorId = row.DonorId, DriveId = row.DriveId, ReasonCode = correction.ReasonCode,
        Before = StateOf(before), Backfilled = row.Backfilled,
    });

    /// <summary>Which of his donations is his first may be another now: said of each that this concerns.</summary>
    private static void AnnounceFirst(Transaction tx, VisitRow row, Beside others, DateTimeOffset before, DateTimeOffset? after, Func<Guid, long> nextVersionOf)
    {
        if (others.Carried) return; // he gave before, under a registration that was erased: none of these is his first
        var own = (Din: row.Din!, row.DonorId);
        (string Din, Guid DonorId)? Is(DateTimeOffset? at) => at is { } mine && (others.StartedAt is not { } theirs || mine <= theirs) ? own : others.FirstDin is { } din ? (din, others.FirstDonorId!.Value) : null;
        var (was, now) = (Is(before), Is(after));
        if (was == now) return;
        if (was is { } no && (no != own || after is not null)) Say(no, false);
        if (now is { } yes) Say(yes, true);

        void Say((string Din, Guid DonorId) of, bool first) => tx.Append(new DonationFirstTimeChanged
        {
            Key = of.DonorId.ToString(), Version = nextVersionOf(of.DonorId), OccurredAt = tx.Now, StationId = row.StationId, Din = of.Din, DonorId = of.DonorId, FirstTime = first,
        });
    }

    private sealed record ErasedRow(Guid Id, long Version);

    private static async Task<Results<Ok<List<CorrectionView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<CorrectionView>>, ProblemHttpResult>>(async tx =>
        {
            var (found, deferrals) = await Read(tx, vault, books, id);
            if (found is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            tx.Audit("visit.read", $"visits/{id}");
            return TypedResults.Ok(All(visit, deferrals!));
        }, ct);

    private static async Task<Results<Made<CorrectionView>, ProblemHttpResult>> One(Guid id, Guid correctionId, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CorrectionView>, ProblemHttpResult>>(async tx =>
        {
            var (found, deferrals) = await Read(tx, vault, books, id);
            if (found is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant || All(visit, deferrals!).Find(c => c.Id == correctionId) is not { } correction) return CommonProblems.NotFound.With();
            tx.Audit("visit.read", $"visits/{id}");
            return Answers.Ok(correction.SignedAt is null ? 1 : 2, correction);
        }, ct);

    private static Task<(VisitFile? Visit, List<ArisenDeferral>? Deferrals)> Read(Transaction tx, Vault vault, RuleBooks books, Guid id) =>
        VisitFile.Read(tx, vault, books, id, ArisenDeferral.OfVisit, async grid => (List<ArisenDeferral>?)(await grid.ReadAsync<ArisenDeferral>()).ToList());

    private static List<CorrectionView> All(VisitFile visit, List<ArisenDeferral> deferrals) =>
        visit.Corrections.Count == 0 ? [.. visit.Empty is null ? Array.Empty<CorrectionView>() : [EmptyView(visit)], .. visit.Void is null ? Array.Empty<CorrectionView>() : [ViewOf(visit, -1, deferrals)]] : [.. visit.Corrections.Select((_, i) => ViewOf(visit, i, deferrals))];

    private static CorrectionView EmptyView(VisitFile visit) => new(visit.Empty!.Id, visit.Row.Id, visit.Row.Din, 1, "corrected", visit.Empty.ReasonCode, CollectionView.Of(visit.Collected), CollectionView.Of(visit.Collected with { CollectedMl = 0 }),
        visit.Empty.RecordedAt, visit.Empty.RecordedBy, null, [], null, null, []);

    /// <param name="index">Of the correction; -1 for the void of a visit without blood.</param>
    internal static CorrectionView ViewOf(VisitFile visit, int index, IReadOnlyList<ArisenDeferral> arisen)
    {
        var (c, wrong) = (index < 0 ? null : visit.Corrections[index], visit.Void);
        var voided = c is null or { Kind: "voided" };
        var view = new CorrectionView(c?.Id ?? wrong!.Id, visit.Row.Id, visit.Row.Din, c?.Number ?? (visit.Empty is null ? 1 : 2), c?.Kind ?? "voided", c?.ReasonCode ?? Correction.WrongDonor, c is null ? null : CollectionView.Of(visit.CollectedBefore(index)),
            c is null ? null : CollectionView.Of(c.After(visit.Row.Procedure!)), c?.RecordedAt ?? wrong!.RecordedAt, c?.RecordedBy ?? wrong!.RecordedBy, null, [], null, null, []);
        if (!voided) return view;
        view = view with
        {
            Deferrals = [.. arisen.Select(d => ArisenDeferralView.Of(d, visit.Donor))],
        };
        return wrong is null ? view : view with
        {
            TrueDonorId = wrong.TrueDonorId, SignedBy = wrong.SignedBy, SignedAt = wrong.SignedAt, AllowedActions = wrong.SignedBy is null || arisen.Any(d => d.LiftedAt is null) ? ["sign"] : [],
        };
    }

    /// <summary>Of the same person: his earliest other donation that stands, and whether he gave under a registration that was erased.</summary>
    private sealed record Beside(bool TrueDonorKnown, string? FirstDin, Guid? FirstDonorId, DateTimeOffset? StartedAt, bool Carried)
    {
        public static readonly string Ids = DonorFile.IdsOf.Replace("@donorId", "(select donor_id from donor.visit where id = @id)", StringComparison.Ordinal);

        public static readonly string Select = $"""
            select exists (select from donor.donor where id = @TrueDonorId) as true_donor_known, o.din as first_din, o.donor_id as first_donor_id, o.started_at, exists (select from donor.carried_donation where donor_id = any({Ids}) and not attempt) as carried
            from (select 1) one left join lateral (select din, donor_id, started_at from donor.donation_as_it_stands where donor_id = any({Ids}) and not voided and visit_id <> @id order by started_at, din limit 1) o on true
            """;
    }

    private static CollectedState StateOf(CollectionRecord r) =>
        new(r.Procedure, r.NominalMl, r.CollectedMl, r.TreatmentUnits, r.Outcome, r.Bag, (int)(r.EndedAt - r.StartedAt).TotalSeconds, r.Deviations, r.Restrictions, r.StartedAt, r.EndedAt);
}
