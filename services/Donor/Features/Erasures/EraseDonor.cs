using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Erasures;

/// <summary>What a station is told.</summary>
/// <param name="Outcome">`erased`: the key is destroyed; `restricted`: identity is kept sealed until <paramref name="RetainUntil"/> and read in a look-back only.</param>
/// <param name="RetainUntil">The first day on which nothing keeps the record any more.</param>
public sealed record ErasureView(Guid Id, Guid DonorId, DateTimeOffset RequestedAt, string Outcome, DateOnly? RetainUntil, RetentionView? Retention, DateTimeOffset? DestroyedAt);

/// <summary>What an app is told, of everybody the same: that a record is kept would tell that its donor was deferred, where he never gave.</summary>
public sealed record AcceptedErasureView(Guid Id, Guid DonorId, DateTimeOffset RequestedAt, string Outcome);

public sealed record RetentionView(string Code, string Version, int Years, string Clause, string Message);

/// <summary>
/// POST /v1/donors/{id}/erasure (PIPL Art. 47): what could reach the person is erased at once, of all his registrations. While the record duty runs
/// his identity is restricted; who never gave and was never deferred is erased at once: his key is destroyed. His deferrals stay.
/// </summary>
public static class EraseDonor
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/donors/{id:guid}/erasure", Handle).Allow("donors", Roles.Station, Roles.App).WithSummary("A donor asks for erasure");
        app.MapGet("/v1/donors/{id:guid}/erasure", Get).Allow("donors", Roles.Station).WithSummary("What became of a donor's request for erasure");
    }

    private static async Task<Results<Ok<ErasureView>, Ok<AcceptedErasureView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<ErasureView>, Ok<AcceptedErasureView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, record, done) = await tx.Read(DonorFile.Locked + $"""
                select (select max("on") from (select donated_on as "on" from donor.donation where donor_id = any({DonorFile.IdsOf}) union all select attempted_on from donor.attempt where donor_id = any({DonorFile.IdsOf}) union all select donated_on from donor.given_under_another where donor_id = any({DonorFile.IdsOf})) x) as last_donation,
                       (select max(at) from (select recorded_at as at from donor.deferral where donor_id = any({DonorFile.IdsOf}) union all select opened_at from donor.visit where donor_id = any({DonorFile.IdsOf}) and status = 'deferred') x) as last_deferral,
                       exists (select from donor.visit where donor_id = any({DonorFile.IdsOf}) and status not in ('deferred', 'abandoned', 'collected', 'completed')) as visit_open;
                {ErasureRow.Select} where donor_id = {DonorFile.PersonOf};
                """, new { donorId = id }, async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleAsync<RecordRow>(), await grid.ReadSingleOrDefaultAsync<ErasureRow>()));
            if (done is not null && caller.Is(Roles.Station)) return TypedResults.Ok(done.View());
            if (donor is null) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (record.VisitOpen) return Problems.VisitOpen.With("After the visit");

            var rule = RetentionRule.Shipped;
            var until = Retention.Until(record.LastDonation, record.LastDeferral is { } at ? Shanghai.DateOf(at) : null, rule);
            var row = new ErasureRow(tx.NewId(), donor.PersonId, tx.Now, until is null ? "erased" : "restricted", until, until is null ? null : System.Text.Json.JsonSerializer.Serialize(rule, Json.Options), until is null ? tx.Now : null);
            Guid[] ids = [.. donor.Rows.Select(r => r.Id)];
            tx.Write("insert into donor.erasure (id, donor_id, requested_at, outcome, retain_until, retention, destroyed_at) values (@Id, @DonorId, @RequestedAt, @Outcome, @RetainUntil, @Retention::jsonb, @DestroyedAt)", row);
            if (until is not null) Tombstone.Make(tx, vault, donor.PersonId, ids, donor.Facts, donor.Book);
            foreach (var one in donor.Rows)
            {
                DonorConsent[] consents = [.. donor.ConsentsOf(one.Id).Select(c => c with { Withdrawn = c.Withdrawn ?? tx.Now })];
                ConsentRecord.Keep(tx, caller, one.Id, consents, donor.ConsentsOf(one.Id));
                // A hash that equals no other takes the place of each by which he could be found.
                tx.Write("""
                    update donor.donor set status = @Outcome, phone = @none, phone_index = uuid_send(gen_random_uuid()), phone_birth_index = uuid_send(gen_random_uuid()), name_birth_index = uuid_send(gen_random_uuid()), document_index = uuid_send(gen_random_uuid()),
                           district = null, apps = '{}', consents = @consents::jsonb, profile_version = profile_version + 1 where id = @Id
                    """, new { one.Id, row.Outcome, none = donor.KeyOf(one.Id).Seal("phone", ""), consents = System.Text.Json.JsonSerializer.Serialize(consents, Json.Options) });
            }
            tx.WriteAny("update donor.document set identity_index = uuid_send(gen_random_uuid()) where donor_id = any(@ids)", new { ids });
            tx.WriteAny("delete from donor.membership where donor_id = any(@ids)", new { ids });
            tx.WriteAny("delete from donor.card where donor_id = any(@ids)", new { ids });
            tx.WriteAny("delete from donor.contact_preference where donor_id = any(@ids)", new { ids });
            tx.WriteAny("delete from donor.reminder where donor_id = any(@ids)", new { ids });
            tx.WriteAny("delete from donor.link_request where donor_id = any(@ids)", new { ids });
            if (until is null) Destroy(tx, ids);
            foreach (var one in ids)
                tx.Append(new DonorErased { Key = one.ToString(), Version = donor.NextVersionOf(one), OccurredAt = tx.Now, ErasureId = row.Id, DonorId = one });
            donor.Save(tx);
            tx.Audit("donor.erase", $"donors/{id}", new { erasure = row.Id });
            return caller.Is(Roles.Station) ? TypedResults.Ok(row.View()) : TypedResults.Ok(new AcceptedErasureView(row.Id, id, row.RequestedAt, "accepted"));
        }, ct);

    private static async Task<Results<Ok<ErasureView>, ProblemHttpResult>> Get(Guid id, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<ErasureView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<ErasureRow>($"{ErasureRow.Select} where donor_id = {DonorFile.PersonOf}", new { donorId = id }) is not { } row) return CommonProblems.Unknown(id);
            tx.Audit("donor.erasure-read", $"donors/{id}");
            return TypedResults.Ok(row.View());
        }, ct);

    /// <summary>Destroys the keys, and what they had sealed with them: a copy of a key that was kept somewhere opens nothing here.</summary>
    internal static void Destroy(Transaction tx, Guid[] ids)
    {
        tx.Write("delete from donor.subject_key where subject_id = any(@ids)", new { ids }, rows: ids.Length);
        tx.Write("update donor.donor set status = 'erased', name = '', document_number = '', birth_date = '', phone = '', sex = '', blood_group = null, profile_version = profile_version + 1 where id = any(@ids)", new { ids }, rows: ids.Length);
        tx.WriteAny("delete from donor.document where donor_id = any(@ids)", new { ids });
    }

    private sealed record RecordRow(DateOnly? LastDonation, DateTimeOffset? LastDeferral, bool VisitOpen);
}

internal sealed record ErasureRow(Guid Id, Guid DonorId, DateTimeOffset RequestedAt, string Outcome, DateOnly? RetainUntil, string? Retention, DateTimeOffset? DestroyedAt)
{
    public const string Select = "select id, donor_id, requested_at, outcome, retain_until, retention::text as retention, destroyed_at from donor.erasure";

    public ErasureView View() => new(Id, DonorId, RequestedAt, DestroyedAt is null ? Outcome : "erased", RetainUntil,
        Retention is null ? null : System.Text.Json.JsonSerializer.Deserialize<RetentionRule>(Retention, Json.Options) is { } rule ? new(rule.Code, rule.Version, rule.Years, rule.Clause, rule.Text) : null, DestroyedAt);
}
