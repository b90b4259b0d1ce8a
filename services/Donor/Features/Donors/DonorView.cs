using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>A donor as answers show him: masked. One that was merged shows his own registration with the person's history.</summary>
/// <param name="Status">`active`, `restricted`, `erased` or `merged`.</param>
/// <param name="IdentityAssurance">`declared`, `phone` or `document-seen`: the surest of the person's registrations.</param>
/// <param name="MergedInto">The donor who stands for the person, where this one was merged.</param>
public sealed record DonorView(
    Guid Id, string Status, string Name, DocumentView Document, string Sex, int? BirthYear, string Phone, string? BloodGroup, string? District, IReadOnlyList<DonorConsent> Consents,
    IReadOnlyList<DonorMembership> Memberships, string IdentityAssurance, DateTimeOffset RegisteredAt, Guid? MergedInto, string[] AllowedActions)
{
    public static DonorView Of(DonorFile donor, Caller caller) => Of(donor.Profile, caller);

    /// <inheritdoc cref="Of(DonorFile, Caller)"/>
    public static DonorView Of(DonorProfile donor, Caller caller) => donor.Restricted
        // Stored and protected, and not otherwise used (PIPL Art. 47): not even masked.
        ? new(donor.Row.Id, donor.Row.Status, "", new(donor.Row.DocumentKind, ""), donor.Row.Sex, null, "", donor.BloodGroup, null, donor.Consents, [], donor.Assurance, donor.Row.RegisteredAt, donor.MergedInto, ["deferrals", "donations", "late-information", "full-reads"])
        : new(
        donor.Row.Id, donor.Row.Status, Mask.Name(donor.Key.Open("name", donor.Row.Name)), new(donor.Row.DocumentKind, Mask.Number(donor.Key.Open("document_number", donor.Row.DocumentNumber))),
        donor.Row.Sex, donor.BirthYear, Mask.Number(donor.Key.Open("phone", donor.Row.Phone)), donor.BloodGroup, donor.District, donor.Consents,
        [.. donor.Memberships.Select(m => m.Public)], donor.Assurance, donor.Row.RegisteredAt, donor.MergedInto, ActionsOf(caller, donor.MergedInto is not null));

    public static string[] ActionsOf(Caller caller, bool merged = false) =>
        [.. merged ? Array.Empty<string>() : ["change", "memberships"], "eligibility", "donations", .. caller.Is(Roles.Station) ? new[] { "deferrals", "late-information" } : []];

    /// <summary>A station finds anybody; an app knows whom it registered or was linked to, and nobody else exists for it.</summary>
    public static bool Knows(Caller caller, DonorFile donor) => caller.Is(Roles.Station) || donor.Apps.Contains(caller.Tenant);
}

public sealed record DocumentView(string Kind, string Number);
