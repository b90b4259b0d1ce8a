using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Rules;
using Dapper;

namespace BloodPlatform.Donors.Data;

/// <summary>
/// Of a person only what his resource shows: no donation, deferral or reaction is read for it. Whatever judges or changes needs his <see cref="DonorFile"/>.
/// </summary>
/// <param name="Row">The registration that was asked for.</param>
/// <param name="Registrations">All of the person's, first the one that stands for him.</param>
/// <param name="Key">The key of the registration that was asked for.</param>
/// <param name="Memberships">Those of all registrations.</param>
public sealed record DonorProfile(DonorRow Row, IReadOnlyList<DonorRow> Registrations, SubjectKey Key, IReadOnlyList<MembershipRow> Memberships)
{
    public bool Restricted => Registrations[0].Status == "restricted";

    /// <summary>The donor who stands for the person, where this one was merged.</summary>
    public Guid? MergedInto => Registrations[0].Id == Row.Id ? null : Registrations[0].Id;

    public int BirthYear => DonorFile.BirthDateOf(Key, Row.BirthDate).Year;

    public string? BloodGroup => Registrations.Select(r => r.BloodGroup).OfType<string>().FirstOrDefault();

    public string? District => Registrations.Select(r => r.District).OfType<string>().FirstOrDefault();

    /// <summary>The surest of all registrations.</summary>
    public string Assurance => IdentityAssurance.Surest(Registrations.Select(r => r.IdentityAssurance));

    /// <summary>As they stand for the person: what he said last.</summary>
    public List<DonorConsent> Consents => Merging.Consents(Registrations.SelectMany(r => JsonSerializer.Deserialize<List<DonorConsent>>(r.Consents, Json.Options)!));

    /// <summary>The statements that read the profiles of the donors whose ids this selects.</summary>
    public static string Of(string selectIds) => $"""
        select {DonorFile.Columns.Replace("@donorId", "p.id", StringComparison.Ordinal)} join ({selectIds}) p on d.id = any(donor.ids_of(p.id)) order by p.id, d.merged_into is not null, d.id;
        select {MembershipRow.Columns} from donor.membership m join ({selectIds}) p on m.donor_id = any(donor.ids_of(p.id)) order by m.organisation_id, m.valid_from nulls first;
        """;

    /// <summary>Takes the results of the statements above. Who was erased has no key and is nobody's.</summary>
    public static async Task<List<DonorProfile>> Read(SqlMapper.GridReader grid, Vault vault)
    {
        var rows = (await grid.ReadAsync<DonorRow>()).ToLookup(r => r.AskedId);
        var memberships = (await grid.ReadAsync<MembershipRow>()).AsList();
        return
        [
            .. from person in rows
               let asked = person.FirstOrDefault(r => r.Id == person.Key)
               where asked is not null && person.First().Status != "erased"
               select new DonorProfile(asked, [.. person], vault.Unwrap(asked.Id, asked.WrappedKey), memberships.FindAll(m => person.Any(r => r.Id == m.DonorId))),
        ];
    }
}
