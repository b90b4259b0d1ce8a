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

            var next = Reminders.First(donor.Obstacles(PreferenceRow.ProcedureOf(donor)), request.Reminders, Shanghai.DateOf(tx.Now));
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

    /// <summary>
    /// Other rules move the days of many: by age and interval alone, of everybody alike, as each one's own donation does. Who waits is reminded when the waiting
    /// ends; who need not wait any more, tomorrow. A monthly series that is running goes on.
    /// </summary>
    public static void Move(Transaction tx, IReadOnlyCollection<(Guid PersonId, DateOnly On)> waiting, Guid[] open, DateOnly today)
    {
        const string Ids = "(select x.person, x.day, x.person as id from {0} union all select x.person, x.day, q.donor_id from {0} join donor.donor_person q on q.person_id = x.person) m";
        if (waiting.Count > 0)
            tx.WriteAny($"update donor.contact_preference p set next_on = m.day from {string.Format(null, Ids, "unnest(@ids, @days) x(person, day)")} where p.donor_id = m.id and p.reminders <> 'never' and p.next_on is distinct from m.day",
                new { ids = waiting.Select(w => w.PersonId).ToArray(), days = waiting.Select(w => w.On).ToArray() });
        if (open.Length > 0)
            tx.WriteAny($"update donor.contact_preference p set next_on = m.day from {string.Format(null, Ids, "(select person, @tomorrow as day from unnest(@open) person) x")} where p.donor_id = m.id and p.next_on > case p.reminders when 'monthly' then @inAMonth else @tomorrow end",
                new { open, tomorrow = today.AddDays(1), inAMonth = today.AddMonths(1) });
    }

    public ContactPreferencesView View(DonorFile donor) => new(donor.PersonId, Reminders, Channels, donor.Consents.Exists(c => c.Code == "contact" && c.Withdrawn is null), SetAt);

    /// <summary>He is reminded of what he gave last.</summary>
    public static string ProcedureOf(DonorFile donor) => ProcedureOf(donor.Facts);

    public static string ProcedureOf(DonorFacts facts) => facts.Donations.MaxBy(d => d.On)?.Procedure ?? Procedures.WholeBlood;
}
