using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.DonorDuplicates;

/// <summary>Two registrations that may be one person.</summary>
/// <param name="Score">Percent: how sure.</param>
/// <param name="Why">`phone-and-birth-date`, `name-and-birth-date`; or alone `same-erased-person`: each showed a document of a person who was erased since.</param>
/// <param name="Against">`sex-differs`, `blood-group-differs`.</param>
/// <param name="Dismissal">Where they were found to be two persons.</param>
public sealed record DuplicateView(int Score, string[] Why, string[] Against, DuplicateDonorView First, DuplicateDonorView Second, DismissalView? Dismissal);

/// <summary>Masked; enough to see which to look at.</summary>
public sealed record DuplicateDonorView(Guid Id, string Name, DocumentView Document, int BirthYear, string Sex, string Phone, string? BloodGroup, string IdentityAssurance, long Donations, DateTimeOffset RegisteredAt);

/// <summary>GET /v1/donor-duplicates?donorId=&amp;minScore=&amp;dismissed=: those dismissed only where asked for; found by keyed hashes, told masked, and audited like any look at a donor.</summary>
public static class ListDuplicates
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donor-duplicates", Handle)
        .Allow("donors", Roles.Station).WithSummary("Donors that may be one person, with a score and why");

    private static async Task<Results<Ok<Page<DuplicateView>>, ProblemHttpResult>> Handle(Database db, Vault vault, CancellationToken ct, Guid? donorId = null, int minScore = 50, bool dismissed = false, int? limit = null, string? cursor = null)
    {
        var take = Answers.Limit(limit);
        Guid firstAfter = default, secondAfter = default;
        if (cursor is not null && !(cursor.Split('_') is [var first, var second] && Guid.TryParse(first, out firstAfter) && Guid.TryParse(second, out secondAfter)))
            return CommonProblems.Invalid.With(null, new FieldError("cursor", "invalid", "As a page's next"));
        return await db.InTransaction<Results<Ok<Page<DuplicateView>>, ProblemHttpResult>>(async tx =>
        {
            var pairs = await tx.Query<PairRow>("""
                with pair as (
                    select a.id as first, b.id as second, true as by_phone, false as by_name, false as by_erased from donor.donor a join donor.donor b on b.phone_birth_index = a.phone_birth_index and b.id > a.id
                    where a.status = 'active' and b.status = 'active' and (@donorId::uuid is null or @donorId in (a.id, b.id))
                    union all
                    select a.id, b.id, false, true, false from donor.donor a join donor.donor b on b.name_birth_index = a.name_birth_index and b.id > a.id
                    where a.status = 'active' and b.status = 'active' and (@donorId::uuid is null or @donorId in (a.id, b.id))
                    union all
                    select a.id, b.id, false, false, true from donor.tombstone_claim c join donor.tombstone_claim o on o.tombstone_id = c.tombstone_id and o.claimant_id <> c.claimant_id
                    join donor.donor a on a.id = donor.person_of(c.claimant_id) join donor.donor b on b.id = donor.person_of(o.claimant_id) and b.id > a.id
                    where a.status = 'active' and b.status = 'active' and (@donorId::uuid is null or @donorId in (a.id, b.id))),
                judged as (
                    select p.first, p.second, bool_or(p.by_phone) as by_phone, bool_or(p.by_name) as by_name, bool_or(p.by_erased) as by_erased, min(a.sex) <> min(b.sex) as sex_differs, min(a.blood_group) <> min(b.blood_group) as group_differs
                    from pair p join donor.donor a on a.id = p.first join donor.donor b on b.id = p.second group by p.first, p.second)
                select first, second, by_phone, by_name, by_erased, sex_differs, coalesce(group_differs, false) as group_differs, x.id as dismissal_id, x.reason_code, x.dismissed_at, x.dismissed_by
                from judged left join donor.duplicate_dismissal x on x.first_id = first and x.second_id = second and x.undone_at is null
                where (@dismissed or x.id is null) and (first, second) > (@firstAfter, @secondAfter)
                  and (case when by_erased then @erased else case when by_phone and by_name then @both when by_phone then @phone else @name end - case when sex_differs then @sex else 0 end - case when group_differs then @group else 0 end end) >= @minScore
                order by first, second limit @more
                """, new
                {
                    donorId, firstAfter, secondAfter, minScore, dismissed, more = take + 1, erased = Percent(Duplicates.SameErasedPerson), both = Percent("name-phone-and-birth-date"), phone = Percent("phone-and-birth-date"), name = Percent("name-and-birth-date"),
                    sex = Less("sex-differs"), group = Less("blood-group-differs"),
                });
            var ids = pairs.SelectMany(p => new[] { p.First, p.Second }).Distinct().ToArray();
            var donors = (await tx.Query<DonorToShow>("""
                select d.id, d.name, d.document_kind, d.document_number, d.birth_date, d.sex, d.phone, d.blood_group, d.identity_assurance, d.registered_at, k.wrapped_key,
                       (select count(*) from donor.donation g where g.donor_id = d.id or g.donor_id in (select q.donor_id from donor.donor_person q where q.person_id = d.id)) as donations
                from donor.donor d join donor.subject_key k on k.subject_id = d.id where d.id = any(@ids)
                """, new { ids })).ToDictionary(d => d.Id, d => Show(d, vault));
            tx.Audit("donor.duplicates", "donors", new { found = ids });
            return TypedResults.Ok(Page<DuplicateView>.From([.. pairs.Where(p => donors.ContainsKey(p.First) && donors.ContainsKey(p.Second)).Select(p =>
            {
                var score = Duplicates.Score(IdentityPolicy.Shipped, p.ByPhone, p.ByName, p.SexDiffers, p.GroupDiffers, p.ByErased);
                return new DuplicateView(score.Percent, score.Why, score.Against, donors[p.First], donors[p.Second], p.DismissalId is { } id ? new(id, p.First, p.Second, p.ReasonCode!, p.DismissedAt!.Value, p.DismissedBy!.Value) : null);
            })], take, d => $"{d.First.Id}_{d.Second.Id}"));
        }, ct);
    }

    private static int Percent(string by) => IdentityPolicy.Shipped.DuplicatePercent[by].Value;

    private static int Less(string by) => IdentityPolicy.Shipped.DuplicateLessPercent[by].Value;

    private static DuplicateDonorView Show(DonorToShow d, Vault vault)
    {
        var key = vault.Unwrap(d.Id, d.WrappedKey);
        return new(d.Id, Mask.Name(key.Open("name", d.Name)), new(d.DocumentKind, Mask.Number(key.Open("document_number", d.DocumentNumber))), int.Parse(key.Open("birth_date", d.BirthDate)[..4], CultureInfo.InvariantCulture),
            d.Sex, Mask.Number(key.Open("phone", d.Phone)), d.BloodGroup, d.IdentityAssurance, d.Donations, d.RegisteredAt);
    }

    private sealed record PairRow(Guid First, Guid Second, bool ByPhone, bool ByName, bool ByErased, bool SexDiffers, bool GroupDiffers, Guid? DismissalId, string? ReasonCode, DateTimeOffset? DismissedAt, Guid? DismissedBy);

    private sealed record DonorToShow(Guid Id, byte[] Name, string DocumentKind, byte[] DocumentNumber, byte[] BirthDate, string Sex, byte[] Phone, string? BloodGroup, string IdentityAssurance, DateTimeOffset RegisteredAt, byte[] WrappedKey, long Donations);
}
