using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.ContactPreferences;

/// <summary>
/// On the first day on which age and interval let a donor give again, the apps that act for him are asked to remind him; who is deferred simply is
/// not. One donor is one transaction with his row locked, and a day's reminder is unique: killed in the middle or run by two replicas, each
/// is sent once.
/// </summary>
public sealed class SendReminders(IServiceScopeFactory scopes, Vault vault, RuleBooks books, TimeProvider clock, ILogger<SendReminders> log) : Sweep(scopes, TimeSpan.FromMinutes(1), log)
{
    private const int AtATime = 100;
    private static readonly TimeSpan Useful = TimeSpan.FromDays(3);

    protected override async Task Look(Database db, CancellationToken ct)
    {
        while (await Some(db, ct) == AtATime) { /* more are due */ }
    }

    /// <summary>Looks after some donors whose day has come; says how many.</summary>
    private async Task<int> Some(Database db, CancellationToken ct)
    {
        var today = Shanghai.DateOf(clock.GetUtcNow());
        var due = await db.Query<Guid>(PreferenceRow.Due, new { today, most = AtATime }, ct);
        var looked = 0;
        foreach (var donorId in due)
        {
            try
            {
                await db.InTransaction(tx => Remind(tx, donorId, today), ct);
                looked++;
            }
            catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or InvalidOperationException)
            {
                log.LogError(e, "Donor {DonorId} can't be reminded: his record does not open", donorId); // nor may he keep the others waiting
            }
        }
        return looked;
    }

    private async Task Remind(Transaction tx, Guid donorId, DateOnly today)
    {
        var (donor, row) = await tx.Read(DonorFile.Locked + PreferenceRow.OfPerson, new { donorId }, async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<PreferenceRow>()));
        if (row is not { NextOn: { } dueOn } || dueOn > today) return; // another replica was first
        var (send, next) = donor is not { Row.Status: "active" } || row.Reminders == "never" || !donor.Consents.Exists(c => c.Code == "contact" && c.Withdrawn is null)
            ? (false, null) : Reminders.On(donor.Obstacles(PreferenceRow.ProcedureOf(donor)), row.Reminders, today);
        if (!send)
        {
            tx.Write("update donor.contact_preference set next_on = @next where donor_id = @DonorId", new { next, row.DonorId });
            return;
        }
        tx.Write("insert into donor.reminder (donor_id, due_on, sent_at) values (@DonorId, @dueOn, @now)", new { row.DonorId, dueOn, now = tx.Now });
        // Once is once: then he is asked no more, until he says so again.
        tx.Write("update donor.contact_preference set next_on = @next, reminders = case reminders when 'once' then 'never' else reminders end, version = version + case reminders when 'once' then 1 else 0 end where donor_id = @DonorId", new { next, row.DonorId });
        var morning = Shanghai.StartOf(today).AddHours(9); // nobody is woken
        donor!.RequestContact(tx, "reminder", "may-give-again", new(Procedure: PreferenceRow.ProcedureOf(donor), On: today), morning > tx.Now ? morning : tx.Now, Useful, channels: row.Channels);
        donor.Save(tx);
    }
}
