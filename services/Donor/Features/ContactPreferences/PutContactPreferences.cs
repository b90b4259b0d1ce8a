using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.ContactPreferences;

/// <param name="Reminders">`never`; `once`: the next time and not again; `every-time` he may give again; `monthly` from then on until he gives.</param>
/// <param name="Channels">In the order of his wish.</param>
public sealed record ContactPreferencesRequest(
    [property: AllowedValues("never", "once", "every-time", "monthly")] string Reminders,
    [property: MinLength(1), MaxLength(5)] string[] Channels);

/// <summary>Not when the next reminder comes: the date is the donor's, and an app learns it on that day.</summary>
public sealed record ContactPreferencesView(Guid DonorId, string Reminders, IReadOnlyList<string> Channels, bool ContactConsent, DateTimeOffset? SetAt);

/// <summary>
/// GET and PUT /v1/donors/{id}/contact-preferences: how often a person wishes to be reminded that he may give. Without consent `contact` nobody is; who
/// has said nothing is not.
/// </summary>
public static class PutContactPreferences
{
    private static readonly string[] Known = ["app", "sms", "phone", "wechat", "email"];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/donors/{id:guid}/contact-preferences", Get).Allow("donors", Roles.Station, Roles.App).WithSummary("How often a donor wishes to be reminded");
        app.MapPut("/v1/donors/{id:guid}/contact-preferences", Put).Allow("donors", Roles.Station, Roles.App).WithSummary("Says how often a donor wishes to be reminded");
    }

    private static async Task<Results<Made<ContactPreferencesView>, ProblemHttpResult>> Put(Guid id, ContactPreferencesRequest request, HttpRequest http, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ContactPreferencesView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, row) = await tx.Read(DonorFile.Locked + PreferenceRow.OfPerson, new { donorId = id }, async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<PreferenceRow>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            if (Answers.Precondition(http, row?.Version ?? 0) is { } no) return no;
            if (Array.FindIndex(request.Channels, c => !Known.Contains(c)) is >= 0 and var unknown) return CommonProblems.Invalid.With(null, new FieldError($"/channels/{unknown}", "invalid", $"One of {string.Join(", ", Known)}"));

            var next = request.Reminders == "never" ? null : Reminders.Next(donor.Obstacles(PreferenceRow.ProcedureOf(donor)), Shanghai.DateOf(tx.Now));
            var after = new PreferenceRow(donor.PersonId, (row?.Version ?? 0) + 1, request.Reminders, [.. request.Channels.Distinct()], tx.Now, next);
            tx.Write("""
                insert into donor.contact_preference (donor_id, version, reminders, channels, set_at, next_on) values (@DonorId, @Version, @Reminders, @Channels, @SetAt, @NextOn)
                on conflict (donor_id) do update set version = excluded.version, reminders = excluded.reminders, channels = excluded.channels, set_at = excluded.set_at, next_on = excluded.next_on
                """, after);
            tx.Audit("donor.contact-preferences", $"donors/{id}", new { request.Reminders });
            return Answers.Ok(after.Version, after.View(donor));
        }, ct);

    private static async Task<Results<Made<ContactPreferencesView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ContactPreferencesView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, row) = await tx.Read(DonorFile.Unlocked + PreferenceRow.OfPerson, new { donorId = id }, async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<PreferenceRow>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            return Answers.Ok(row?.Version ?? 0, (row ?? new(donor.PersonId, 0, "never", ["app"], null, null)).View(donor));
        }, ct);
}

internal sealed record PreferenceRow(Guid DonorId, long Version, string Reminders, string[] Channels, DateTimeOffset? SetAt, DateOnly? NextOn)
{
    /// <summary>
    /// The wish that stands for a person; a merge moves none. `never`, said under whichever id, wins until he says another after the merge; else it is the
    /// survivor's, else the one said last under an absorbed id, which no version precedes: the survivor has none of his own yet.
    /// </summary>
    public const string OfPerson = $"""
        select p.donor_id, case when p.donor_id = {DonorFile.PersonOf} then p.version else 0 end as version,
               case when exists (select from donor.contact_preference n where n.donor_id = any({DonorFile.IdsOf}) and n.donor_id <> p.donor_id and n.reminders = 'never')
                         and not (p.donor_id = {DonorFile.PersonOf} and p.set_at > (select max(m.merged_at) from donor.merge m where m.survivor_id = p.donor_id and m.undone_at is null))
                    then 'never' else p.reminders end as reminders, p.channels, p.set_at, p.next_on
        from donor.contact_preference p where p.donor_id = any({DonorFile.IdsOf}) order by p.donor_id <> {DonorFile.PersonOf}, p.set_at desc, p.donor_id limit 1;
        """;

    /// <summary>The persons for whom a row stands whose day has come, at most @most. Takes @today. Others are left out here: whoever gets one and does nothing gets it again for ever.</summary>
    public const string Due = """
        select coalesce(q.person_id, p.donor_id) as person_id from donor.contact_preference p left join donor.donor_person q on q.donor_id = p.donor_id
        where p.next_on <= @today and (q.person_id is null or p.donor_id = (
            select o.donor_id from donor.contact_preference o
            where o.donor_id = q.person_id or o.donor_id in (select a.donor_id from donor.donor_person a where a.person_id = q.person_id)
            order by o.donor_id <> q.person_id, o.set_at desc, o.donor_id limit 1))
        order by p.next_on, p.donor_id limit @most
        """;

    public ContactPreferencesView View(DonorFile donor) => new(donor.PersonId, Reminders, Channels, donor.Consents.Exists(c => c.Code == "contact" && c.Withdrawn is null), SetAt);

    /// <summary>He is reminded of what he gave last.</summary>
    public static string ProcedureOf(DonorFile donor) => donor.Facts.Donations.MaxBy(d => d.On)?.Procedure ?? Procedures.WholeBlood;
}
