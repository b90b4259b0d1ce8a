using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>A number of the policy with where it is from; confidence is `high`, `medium` or `low`.</summary>
public sealed record PolicyNumber(int Value, string Source, string Confidence);

/// <summary>What decides whether two registrations are one person, as data (Rules/Identity/identity.json).</summary>
/// <param name="MergeUndoDays">Days after a merge in which it can be undone.</param>
/// <param name="DuplicatePercent">How sure two donors are one, by what they share.</param>
/// <param name="DuplicateLessPercent">What speaks against it.</param>
public sealed record IdentityPolicy(PolicyNumber MergeUndoDays, IReadOnlyDictionary<string, PolicyNumber> DuplicatePercent, IReadOnlyDictionary<string, PolicyNumber> DuplicateLessPercent)
{
    /// <summary>The policy this release is built with.</summary>
    public static IdentityPolicy Shipped { get; } = Read();

    /// <summary>The last instant at which a merge can be undone.</summary>
    public DateTimeOffset UndoUntil(DateTimeOffset mergedAt) => mergedAt.AddDays(MergeUndoDays.Value);

    private static IdentityPolicy Read()
    {
        using var file = typeof(IdentityPolicy).Assembly.GetManifestResourceStream("Identity/identity.json")!;
        return JsonSerializer.Deserialize<IdentityPolicy>(file, Json.Options)!;
    }
}

/// <summary>How sure a person was identified; the surest of what several registrations of a person say stands.</summary>
public static class IdentityAssurance
{
    /// <summary>Somebody said who he is: an app's registration.</summary>
    public const string Declared = "declared";

    /// <summary>His telephone was reached.</summary>
    public const string Phone = "phone";

    /// <summary>A station saw his document. Only such donors are collected from.</summary>
    public const string DocumentSeen = "document-seen";

    private static readonly string[] InOrder = [Declared, Phone, DocumentSeen];

    public static string Surest(IEnumerable<string> assurances) => InOrder[assurances.Max(a => Array.IndexOf(InOrder, a))];

    /// <summary>Another telephone was not reached yet; a document stays seen.</summary>
    public static string WithNewPhone(string assurance) => assurance == Phone ? Declared : assurance;

    /// <summary>Whether blood may be taken. 409 document_not_seen.</summary>
    public static Rejection? Collection(string assurance) =>
        assurance == DocumentSeen ? null : Problems.DocumentNotSeen.Because($"The donor's identity is {assurance}");
}
