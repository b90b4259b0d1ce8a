using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>A donor as answers show him: masked.</summary>
public sealed record DonorView(
    Guid Id, string Status, string Name, DocumentView Document, string Sex, int BirthYear, string Phone, string? BloodGroup, string? District, IReadOnlyList<DonorConsent> Consents,
    IReadOnlyList<DonorMembership> Memberships, string IdentityAssurance, DateTimeOffset RegisteredAt, string[] AllowedActions)
{
    public static DonorView Of(DonorFile donor, Caller caller) => new(
        donor.Id, donor.Row.Status, Mask.Name(donor.Key.Open("name", donor.Row.Name)), new(donor.Row.DocumentKind, Mask.Number(donor.Key.Open("document_number", donor.Row.DocumentNumber))),
        donor.Row.Sex, donor.Facts.BirthDate.Year, Mask.Number(donor.Key.Open("phone", donor.Row.Phone)), donor.Row.BloodGroup, donor.Row.District, donor.Consents,
        donor.PublicMemberships, donor.Row.IdentityAssurance, donor.Row.RegisteredAt, ActionsOf(caller));

    public static string[] ActionsOf(Caller caller) => caller.Is(Roles.Station) ? ["change", "memberships", "eligibility", "deferrals", "donations", "late-information"] : ["change", "memberships", "eligibility", "donations"];

    /// <summary>A station finds anybody; an app knows whom it registered or was linked to, and nobody else exists for it.</summary>
    public static bool Knows(Caller caller, DonorFile donor) => caller.Is(Roles.Station) || donor.Row.Apps.Contains(caller.Tenant);
}

public sealed record DocumentView(string Kind, string Number);
