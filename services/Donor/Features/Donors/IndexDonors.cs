using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Npgsql;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>
/// Donors of before this release have no hashes for finding duplicates, memberships none of the member's number: only the service
/// has the key. Fills them in, some at a time, on every replica at once without meeting; done once, it finds nothing to do.
/// </summary>
public sealed class IndexDonors(IServiceScopeFactory scopes, Vault vault, TimeProvider clock, ILogger<IndexDonors> log) : BackgroundService
{
    private const int AtATime = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50); // donors at the table come first

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        var filled = 0;
        while (true)
        {
            try
            {
                var some = await Fill(stopping);
                filled += some;
                if (some == 0) break;
                await Task.Delay(Pause, clock, stopping);
            }
            catch (NpgsqlException e) when (!stopping.IsCancellationRequested)
            {
                log.LogWarning("Indexing waits for the database: {Reason}", e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(2), clock, stopping);
            }
        }
        if (filled > 0) log.LogInformation("Filled in the keyed hashes of {Count} older rows", filled);
    }

    private async Task<int> Fill(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(async tx =>
        {
            var (donors, members) = await tx.Read($"""
                select d.id, d.name, d.birth_date, d.phone, k.wrapped_key from donor.donor d join donor.subject_key k on k.subject_id = d.id where d.name_birth_index is null order by d.id limit {AtATime} for update of d skip locked;
                select m.id, m.donor_id, m.organisation_id, m.member_number, k.wrapped_key from donor.membership m join donor.subject_key k on k.subject_id = m.donor_id
                where m.member_number is not null and m.member_index is null order by m.id limit {AtATime} for update of m skip locked
                """, null, async grid => ((await grid.ReadAsync<DonorToIndex>()).ToList(), (await grid.ReadAsync<MemberToIndex>()).ToList()));
            foreach (var donor in donors)
            {
                var key = vault.Unwrap(donor.Id, donor.WrappedKey);
                var born = DateOnly.ParseExact(key.Open("birth_date", donor.BirthDate), "yyyy-MM-dd", CultureInfo.InvariantCulture);
                tx.Write("update donor.donor set phone_birth_index = @phoneBirth, name_birth_index = @nameBirth where id = @Id",
                    new { donor.Id, phoneBirth = DonorIndexes.PhoneBirth(vault, key.Open("phone", donor.Phone), born), nameBirth = DonorIndexes.NameBirth(vault, key.Open("name", donor.Name), born) });
            }
            foreach (var member in members)
                tx.Write("update donor.membership set member_index = @index where id = @Id", new { member.Id, index = DonorIndexes.Member(vault, member.OrganisationId, vault.Unwrap(member.DonorId, member.WrappedKey).Open("member_number", member.MemberNumber)) });
            return donors.Count + members.Count;
        }, ct);
    }

    private sealed record DonorToIndex(Guid Id, byte[] Name, byte[] BirthDate, byte[] Phone, byte[] WrappedKey);

    private sealed record MemberToIndex(Guid Id, Guid DonorId, Guid OrganisationId, byte[] MemberNumber, byte[] WrappedKey);
}
