using System.Globalization;
using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>What becomes of somebody who is expected at a drive.</summary>
public enum Fate
{
    Donates,

    /// <summary>Booked, never came.</summary>
    NoShow,

    /// <summary>37.6 °C.</summary>
    Warm,

    /// <summary>148/88 mmHg.</summary>
    HighPressure,

    /// <summary>Answers that he has a cold.</summary>
    Cold,

    /// <summary>Haemoglobin under the limit.</summary>
    LowHaemoglobin,
}

/// <summary>One person's part in a drive.</summary>
/// <param name="Key">Of his requests.</param>
/// <param name="Slot">The slot he booked; null for a walk-in.</param>
/// <param name="CollectedMl">As weighed.</param>
public sealed record Part(string Key, Person Person, Fate Fate, int? Slot, int NominalMl, int CollectedMl, string Preservative = "CPDA-1")
{
    public bool Comes => Fate != Fate.NoShow;

    public bool Gives => Fate == Fate.Donates;

    /// <summary>Less than nine tenths of the bag is an under-collection, recorded as such.</summary>
    public string Outcome => CollectedMl * 10 < NominalMl * 9 ? "under" : "completed";

    /// <summary>200 ml in four minutes.</summary>
    public TimeSpan Bleeds => TimeSpan.FromMinutes(2 + (NominalMl / 100));
}

/// <summary>A visit's eight steps in their order, up to where its fate lets it come.</summary>
/// <param name="Now">Whether it happens now, each step signed by whose function it is; else it is recorded afterwards and `quality` signs.</param>
public sealed record Visit(Api Api, string? DriveId, string Place, JsonNode Questionnaire, bool Now)
{
    /// <summary>From check-in to the end of the longest collection.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(14);

    /// <summary>Plays it from an instant on; answers the visit's id.</summary>
    public async Task<string> Play(Part part, string donorId, string? appointmentId, string? din, DateTimeOffset from)
    {
        var backfillReason = Now ? null : PastDrive.Reason;
        DateTimeOffset After(double minutes) => from.AddMinutes(minutes);
        Task<string> Step(string id, string step, string function, object body, string expect) =>
            Api.Once($"{part.Key}-{step.Replace('/', '-')}", "station", $"/v1/visits/{id}/{step}", body, Api.Credentials.With(Now ? function : "quality"), expect);

        var id = await Api.Once(part.Key + "-visit", "station", "/v1/visits", new
        {
            donorId, driveId = DriveId, appointmentId, collectionPoint = Place, identityCheck = new { kind = "resident-id", method = "chip", outcome = "match" }, openedAt = from, backfillReason,
        }, Api.Credentials.With(Now ? "registrar" : "quality"), "checked-in");

        await Step(id, "consent", "registrar", new { accepted = true, at = After(0.5) }, "consented");
        await Step(id, "hygiene", "registrar", new { handsWashed = true, at = After(1) }, "hygiene-done");

        var (warm, high) = (part.Fate == Fate.Warm, part.Fate == Fate.HighPressure);
        await Step(id, "vitals", "registrar", new
        {
            temperatureC = warm ? 37.6 : 36.5, systolic = high ? 148 : 118, diastolic = high ? 88 : 74, pulse = 72, weightKg = part.Person.Sex == "male" ? 66.5 : 54.0,
            examination = new { noJaundice = true, noExtensiveSkinDisease = true, limbsSound = true, punctureSitesIntact = true }, at = After(2),
        }, warm || high ? "deferred" : "vitals-taken");
        if (warm || high) return id;

        var cold = part.Fate == Fate.Cold;
        await Step(id, "consultation", "physician", new
        {
            questionnaire = new { code = (string?)Questionnaire["code"], version = (string?)Questionnaire["version"] }, fitToDonate = true, at = After(3),
            // Every question is answered so that it does not defer, but for the cold.
            answers = Questionnaire["questions"]!.AsArray().ToDictionary(q => (string)q!["code"]!, q => (string)q!["defersOn"]! == "yes" ^ (cold && (string)q["code"]! == "cold") ? "no" : "yes"),
        }, cold ? "deferred" : "consulted");
        if (cold) return id;

        var low = part.Fate == Fate.LowHaemoglobin;
        await Step(id, "pretest", "physician", new
        {
            haemoglobin = new { method = "meter", valueGl = low ? 108 : part.Person.Sex == "male" ? 146 : 131 }, bloodGroup = part.Person.BloodGroup, altPass = true, hbsagPass = true, at = After(4),
        }, low ? "deferred" : "cleared");
        if (low) return id;

        var (startedAt, endedAt) = (After(5), After(5) + part.Bleeds);
        await Step(id, "collection/start", "phlebotomist", new
        {
            din, procedure = "whole-blood", nominalMl = part.NominalMl, arm = "left", startedAt, bagScan = din, sampleTubeScans = new[] { din, din, din },
            bag = new { catalogue = "Q-" + part.NominalMl, lot = "L" + startedAt.ToString("yyMM", CultureInfo.InvariantCulture), expiresOn = startedAt.AddYears(2).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), preservative = part.Preservative },
        }, "collecting");
        await Step(id, "collection/finish", "phlebotomist", new { collectedMl = part.CollectedMl, endedAt, outcome = part.Outcome }, "collected");
        await Step(id, "complete", "physician", new { at = Now ? (DateTimeOffset?)null : endedAt.AddMinutes(15) }, "completed");
        return id;
    }
}
