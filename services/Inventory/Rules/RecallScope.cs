using System.ComponentModel.DataAnnotations;

namespace BloodPlatform.Inventory.Rules;

/// <summary>What a recall reaches: exactly one of its kinds. A place of storage is a refrigerator, a box or a vehicle.</summary>
/// <param name="RunId">The station's own name of a run.</param>
/// <param name="StoragePlace">The code of a place of storage.</param>
/// <param name="From">With an instrument: first moment at which a test was performed; with a place of storage: from when on.</param>
/// <param name="To">The last such moment.</param>
public sealed record RecallScope(
    [property: MinLength(1), MaxLength(2000)] string[]? Dins = null,
    Guid? DonorId = null,
    [property: StringLength(80, MinimumLength = 1)] string? BagLot = null,
    [property: StringLength(80, MinimumLength = 1)] string? ReagentLot = null,
    [property: StringLength(80, MinimumLength = 1)] string? RunId = null,
    Guid? DriveId = null,
    [property: StringLength(80, MinimumLength = 1)] string? Instrument = null,
    [property: StringLength(40, MinimumLength = 1)] string? StoragePlace = null,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null)
{
    /// <summary>The kind that is named, or null where none, several or half a period are.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Kind
    {
        get
        {
            string[] named = [.. new[] { (Dins is not null, "dins"), (DonorId is not null, "donorId"), (BagLot is not null, "bagLot"), (ReagentLot is not null, "reagentLot"), (RunId is not null, "runId"), (DriveId is not null, "driveId"), (Instrument is not null, "instrument"), (StoragePlace is not null, "storagePlace") }
                .Where(k => k.Item1).Select(k => k.Item2)];
            var period = From is not null && To is not null && From <= To;
            return named is [var only] && (only is "instrument" or "storagePlace" ? period : From is null && To is null) ? only : null;
        }
    }

    /// <summary>Whether it reaches a donation that comes, or of which something is learned, while a case is open. To a place of storage nothing comes then: it is refused there.</summary>
    /// <param name="samePerson">Whether the donor of the scope and the donation's are one person.</param>
    /// <param name="tests">The runs in which it was tested, valid or not.</param>
    public bool Covers(string din, Func<Guid, bool> samePerson, string? bagLot, Guid? driveId, IEnumerable<TestedIn> tests) => Kind switch
    {
        "dins" => Dins!.Contains(din),
        "donorId" => samePerson(DonorId!.Value),
        "bagLot" => BagLot == bagLot,
        "driveId" => DriveId == driveId,
        "reagentLot" => tests.Any(t => t.ReagentLot == ReagentLot),
        "runId" => tests.Any(t => t.RunId == RunId),
        "instrument" => tests.Any(t => t.Instrument == Instrument && t.At >= From && t.At <= To),
        _ => false,
    };
}

/// <summary>Where and when one row of a donation was measured.</summary>
public sealed record TestedIn(string RunId, string Instrument, string? ReagentLot, DateTimeOffset At);

/// <summary>How far a recall has come.</summary>
public static class RecallProgress
{
    /// <summary>What a hospital may answer after what it said last: `quarantined` and `not-found` are stages, the rest is final.</summary>
    public static bool MayAnswer(string? last, string next) => last switch
    {
        null => true,
        "quarantined" => next is "transfused" or "discarded" or "returned-to-station" or "not-found",
        "not-found" => next != "not-found",
        _ => false,
    };

    /// <summary>Whether somebody knows where a bag is: the station while it has it, the hospital once it has said so. A bag that the hospital does not find is not located.</summary>
    /// <param name="asked">Whether a hospital was asked of it.</param>
    public static bool Located(string status, bool asked, string? outcome) => asked ? outcome is not (null or "not-found") : status != "unaccounted";

    /// <summary>Whole percent, rounded down: 100 means every bag.</summary>
    public static int Percent(int located, int units) => units == 0 ? 100 : (int)(100L * located / units);
}
