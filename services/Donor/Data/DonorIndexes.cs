using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Data;

/// <summary>
/// The keyed hashes by which equal values are found. Name and telephone are hashed together with the birth date: alone, a birth date
/// or a common name would be found by how often it comes.
/// </summary>
public static class DonorIndexes
{
    /// <summary>Of what stays when a card is renewed.</summary>
    public static byte[] Document(Vault vault, IdentityDocument document) => vault.BlindIndex("document/" + document.Kind, document.Identity);

    /// <param name="phone">Normalised.</param>
    public static byte[] PhoneBirth(Vault vault, string phone, DateOnly birthDate) => vault.BlindIndex("phone-birth", $"{phone}/{Day(birthDate)}");

    public static byte[] NameBirth(Vault vault, string name, DateOnly birthDate) =>
        vault.BlindIndex("name-birth", $"{Duplicates.NormaliseName(name)}/{Day(birthDate)}");

    /// <summary>Of a member's number in one organisation.</summary>
    public static byte[] Member(Vault vault, Guid organisationId, string number) => vault.BlindIndex($"member/{organisationId:N}", Rules.Memberships.NormaliseNumber(number));

    private static string Day(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Of the code on a card.</summary>
    public static byte[] Card(Vault vault, string code) => vault.BlindIndex("card-code", code);
}
