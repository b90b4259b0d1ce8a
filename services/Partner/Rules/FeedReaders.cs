using System.Text.Json.Nodes;
using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Rules;

/// <summary>
/// Who reads which event: the last paragraph of the API outline's "Partner", by the contract's name. It says which kinds a role
/// may see at all; that an event is the caller's own is settled row by row where the feed is read.
/// </summary>
public static class FeedReaders
{
    // Medical, or telling of a person what only the station may know.
    private static readonly string[] StationAndAdminOnly =
    [
        "VisitDeferred", "DonorEligibilityChanged", "DonorReactionRecorded", "DonorReactionVoided", "RosterChanged", "DonationTested", "DonationHeld", "DonationWithdrawn", "DonationVoided",
        "DonorDeferralRequired", "UnitDiscarded", "Lookback*", "Recall*",
        // What a station's software says before anybody knows whose it is.
        "DonationReported", "DonationReportRefused",
        // What would tell of a voided donation, or of a register of deferred donors.
        "CreditVoided", "HonourRevoked", "DonationExternallyChecked", "DonationFirstTimeChanged", "BloodGroupCorrected",
    ];

    private static readonly string[] ForOrganiser = ["Organisation*", "Drive*", "Appointment*"];

    private static readonly string[] ForApp =
    [
        "DonorRegistered", "DonorChanged", "DonorsMerged", "DonorsUnmerged", "DonorErased", "Appointment*", "ContactRequested", "DonationCollected", "CreditGranted", "HonourEarned",
    ];

    private static readonly string[] ForHospital = ["Order*", "Unit*"];

    /// <summary>Whether a role may see this kind of event, of those that are its own. An unknown role sees nothing.</summary>
    /// <param name="eventName">The contract's name: DonationCollected.</param>
    public static bool MayRead(string role, string eventName) => role switch
    {
        Roles.Admin or Roles.Station => true,
        Roles.Authority => !Among(StationAndAdminOnly, eventName),
        Roles.Organiser => Among(ForOrganiser, eventName),
        Roles.App => Among(ForApp, eventName),
        Roles.Hospital => Among(ForHospital, eventName) && !Among(StationAndAdminOnly, eventName),
        _ => false,
    };

    /// <summary>Whether the role is told which donor an event is about.</summary>
    public static bool SeesDonors(string role) => role is Roles.Admin or Roles.Station or Roles.App;

    /// <summary>
    /// The event's data without anything that names a donor: fields of donors' ids by name, and whatever holds a given donor's id
    /// (the envelope's key).
    /// </summary>
    public static JsonObject WithoutDonors(JsonObject data, IReadOnlyCollection<string> donorIds)
    {
        var kept = new JsonObject();
        foreach (var (name, value) in data)
            if (!NamesDonor(name) && Without(value, donorIds) is var clean && (clean is not null || value is null))
                kept[name] = clean;
        return kept;
    }

    /// <summary>
    /// Fields a role is not told, whoever the donor is. An organiser not why a booking was cancelled, for that may be a deferral. Who may not see all of a
    /// donor's events not their versions: a number that is left out says that something happened which he is not told. An app not what deviated
    /// or what must not be made of the blood: a restriction may stand for a medicine.
    /// </summary>
    /// <param name="publisher">The service that says it: those of `donor` and `recognition` count with the donor.</param>
    public static string[] Withheld(string role, string publisher, string eventName) =>
    [
        .. role == Roles.Organiser && eventName.StartsWith("Appointment", StringComparison.Ordinal) ? ["reasonCode"] : Array.Empty<string>(),
        .. role is not (Roles.Station or Roles.Admin) && publisher is ("donor" or "recognition") ? ["version"] : Array.Empty<string>(),
        .. role == Roles.App && eventName == "DonationCollected" ? ["deviations", "restrictions", "externalCheck"] : Array.Empty<string>(),
        // Which id has which version: the same number again.
        .. role == Roles.App && eventName is ("DonorsMerged" or "DonorsUnmerged") ? ["donors"] : Array.Empty<string>(),
    ];

    /// <summary>Why a booking was cancelled, as far as an app may know: the platform's own reasons. A station's own word may stand for a deferral.</summary>
    public static bool MayTellApp(string? reasonCode) => reasonCode is "drive-cancelled" or "drive-postponed" or "donor-erased" or "duplicate-booking" or "no_longer_bookable" or "capacity-cut" or "not-stated";

    private static JsonNode? Without(JsonNode? value, IReadOnlyCollection<string> donorIds) => value switch
    {
        JsonObject inner => WithoutDonors(inner, donorIds),
        JsonArray list => new JsonArray([.. list.Select(item => Without(item, donorIds)).Where(item => item is not null)]),
        JsonValue text when text.TryGetValue<string>(out var s) && donorIds.Contains(s, StringComparer.OrdinalIgnoreCase) => null,
        _ => value?.DeepClone(),
    };

    // donorId, donorIds, survivorDonorId, survivor, absorbed, …; a donor's organisation is no donor.
    private static bool NamesDonor(string name) =>
        (name.Contains("donor", StringComparison.OrdinalIgnoreCase) && !name.Contains("organisation", StringComparison.OrdinalIgnoreCase))
        || name.StartsWith("survivor", StringComparison.OrdinalIgnoreCase) || name.StartsWith("absorbed", StringComparison.OrdinalIgnoreCase);

    private static bool Among(string[] patterns, string name) =>
        patterns.Any(p => p[^1] == '*' ? name.StartsWith(p[..^1], StringComparison.Ordinal) : name == p);
}
