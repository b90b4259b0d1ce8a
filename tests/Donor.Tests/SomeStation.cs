using System.Globalization;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests;

/// <summary>A blood station of its own with its people, its drives and its numbers, so that tests don't meet.</summary>
public sealed class SomeStation(ServiceUnderTest service)
{
    private static int sequence;
    private static int person;

    public Guid Id { get; } = Some.Id();

    public HttpClient Client => service.As(Roles.Station, Id);

    public HttpClient Registrar => service.As(Roles.Station, Id, "R1", "registrar");

    public HttpClient Physician => service.As(Roles.Station, Id, "P1", "physician");

    public HttpClient Phlebotomist => service.As(Roles.Station, Id, "B1", "phlebotomist");

    public HttpClient Quality => service.As(Roles.Station, Id, "Q1", "quality");

    /// <summary>A valid resident id nobody has: born on the day, 440703, with its check digit.</summary>
    public static string ResidentId(DateOnly born, bool male = true)
    {
        var n = Interlocked.Increment(ref person);
        var body = string.Create(CultureInfo.InvariantCulture, $"4407{n / 500 % 90 + 10:00}{born:yyyyMMdd}{(n % 499 * 2) + (male ? 1 : 0):000}");
        return body + IdentityDocument.CheckDigit(body);
    }

    public static DateOnly Adult => new(1990, 1, 1);

    /// <summary>A university, below the others.</summary>
    public async Task<Guid> Organisation(params Guid[] above)
    {
        var id = Some.Id();
        await service.Deliver(new OrganisationRegistered { Key = id.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), OrganisationId = id, Name = "测试大学", Kind = "university", District = "440703", Path = [.. above, id], Status = "active" });
        return id;
    }

    public async Task<Guid> Donor(DateOnly? born = null, bool male = true) => (await Register(born, male)).Id;

    public async Task<Answer> Register(DateOnly? born = null, bool male = true)
    {
        var answer = await Client.Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number = ResidentId(born ?? Adult, male) }, phone = "13900000001", consents = new[] { "registration" } });
        Assert.Equal(201, answer.Status);
        return answer;
    }

    /// <summary>Issues a block and returns its numbers.</summary>
    public async Task<string[]> Dins(int count = 1)
    {
        var first = Interlocked.Add(ref sequence, count) - count + 1;
        string[] dins = [.. Enumerable.Range(first, count).Select(n => string.Create(CultureInfo.InvariantCulture, $"A999926{n:000000}"))];
        await service.Deliver(new DinBlockIssued { Key = "block", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = Id, BlockId = Some.Id(), First = dins[0], Last = dins[^1], Count = count });
        return dins;
    }

    /// <summary>A drive of this station in a status.</summary>
    public async Task<Guid> Drive(string status = "started", DateTimeOffset? startsAt = null, Guid? organiser = null, bool backfilled = false, params string[] procedures)
    {
        var id = Some.Id();
        var starts = startsAt ?? TimeProvider.System.GetUtcNow();
        await service.Deliver(new DriveChanged
        {
            Key = id.ToString(), Version = 5, OccurredAt = starts, StationId = Id, DriveId = id, OrganiserId = organiser ?? Some.Id(), Kind = "open", Visibility = "public", VenueName = "体育馆", VenueAddress = "一号路1号", District = "440703",
            StartsAt = starts, EndsAt = starts.AddHours(8), SlotMinutes = 30, CapacityPerSlot = 10, Procedures = procedures.Length > 0 ? procedures : ["whole-blood"], Status = status, Backfilled = backfilled,
        });
        return id;
    }

    /// <summary>He shows the document that he was registered with.</summary>
    public async Task<Answer> Open(Guid donorId, Guid? driveId = null, Guid? appointmentId = null, string outcome = "match", string? kind = null) => await Registrar.Post("/v1/visits", new
    {
        donorId, driveId, appointmentId, collectionPoint = "中心血站", identityCheck = new { kind = kind ?? await KindOf(donorId), method = "chip", outcome },
    });

    private async Task<string> KindOf(Guid donorId) => await Scalar<string?>("select document_kind from donor.donor where id = @donorId", new { donorId }) ?? "resident-id";

    public static object GoodVitals => new { temperatureC = 36.6, systolic = 120, diastolic = 80, pulse = 72, weightKg = 65.0, examination = Sound };

    public static object Sound => new { noJaundice = true, noExtensiveSkinDisease = true, limbsSound = true, punctureSitesIntact = true };

    public static object GoodPretest => new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = true };

    public async Task<Dictionary<string, string>> GoodAnswers()
    {
        var questionnaire = await Client.Get("/v1/questionnaires/current");
        return questionnaire["questions"].EnumerateArray().ToDictionary(q => q.GetProperty("code").GetString()!, q => q.GetProperty("defersOn").GetString() == "yes" ? "no" : "yes");
    }

    public async Task<Answer> Consult(Guid visitId, Dictionary<string, string>? answers = null, bool fitToDonate = true) =>
        await Physician.Post($"/v1/visits/{visitId}/consultation", new { questionnaire = new { code = "cn-donor-health", version = "1" }, answers = answers ?? await GoodAnswers(), fitToDonate });

    /// <summary>A visit up to a status: everything before the next step is done.</summary>
    public async Task<Guid> VisitAt(string status, Guid? donorId = null, Guid? driveId = null)
    {
        var visit = await Open(donorId ?? await Donor(), driveId);
        Assert.Equal(201, visit.Status);
        async Task<bool> Step(Task<Answer> step, string reached)
        {
            var answer = await step;
            Assert.True(answer.Status == 200 && answer.Text("status") == reached, $"{reached}: {answer}");
            return reached == status;
        }
        if (status == "checked-in") return visit.Id;
        if (await Step(Registrar.Post($"/v1/visits/{visit.Id}/consent", new { accepted = true }), "consented")) return visit.Id;
        if (await Step(Registrar.Post($"/v1/visits/{visit.Id}/hygiene", new { handsWashed = true }), "hygiene-done")) return visit.Id;
        if (await Step(Registrar.Post($"/v1/visits/{visit.Id}/vitals", GoodVitals), "vitals-taken")) return visit.Id;
        if (await Step(Consult(visit.Id), "consulted")) return visit.Id;
        if (await Step(Physician.Post($"/v1/visits/{visit.Id}/pretest", GoodPretest), "cleared")) return visit.Id;
        if (await Step(Start(visit.Id, (await Dins())[0]), "collecting")) return visit.Id;
        if (await Step(Finish(visit.Id), "collected")) return visit.Id;
        if (await Step(Physician.Post($"/v1/visits/{visit.Id}/complete"), "completed")) return visit.Id;
        throw new ArgumentException(status);
    }

    public static Dictionary<string, object?> StartBody(string din) => new()
    {
        ["din"] = din, ["procedure"] = "whole-blood", ["nominalMl"] = 400, ["arm"] = "left", ["startedAt"] = TimeProvider.System.GetUtcNow(), ["sampleTubeScans"] = Array.Empty<string>(),
        ["bag"] = new { catalogue = "BB-400", lot = "L1", expiresOn = "2099-01-01", preservative = "CPDA-1" },
    };

    public Task<Answer> Start(Guid visitId, string din, string? key = null, Action<Dictionary<string, object?>>? change = null)
    {
        var body = StartBody(din);
        change?.Invoke(body);
        return Phlebotomist.Post($"/v1/visits/{visitId}/collection/start", body, key ?? Some.Key());
    }

    public Task<Answer> Finish(Guid visitId, object? body = null, string? key = null) =>
        Phlebotomist.Post($"/v1/visits/{visitId}/collection/finish", body ?? new { collectedMl = 400, endedAt = TimeProvider.System.GetUtcNow(), outcome = "completed" }, key ?? Some.Key());

    /// <summary>Records a whole visit of the past, signed by quality; returns its answers by step until one is not as it should be.</summary>
    public async Task<Answer> Backfill(Guid donorId, DateTimeOffset openedAt, string din, Guid? driveId = null, string procedure = "whole-blood")
    {
        var visit = await Quality.Post("/v1/visits", new
        {
            donorId, driveId, collectionPoint = "体育馆", openedAt, backfillReason = "纸质记录补录", identityCheck = new { kind = await KindOf(donorId), method = "manual", outcome = "match" },
        });
        if (visit.Status != 201 || visit.Text("status") != "checked-in") return visit;
        var steps = new (string Step, object Body)[]
        {
            ("consent", new { accepted = true, at = openedAt.AddMinutes(1) }), ("hygiene", new { handsWashed = true, at = openedAt.AddMinutes(2) }),
            ("vitals", new { temperatureC = 36.6, systolic = 120, diastolic = 80, pulse = 72, weightKg = 65.0, examination = Sound, at = openedAt.AddMinutes(3) }),
            ("consultation", new { questionnaire = new { code = "cn-donor-health", version = "1" }, answers = await GoodAnswers(), fitToDonate = true, at = openedAt.AddMinutes(5) }),
            ("pretest", new { haemoglobin = new { method = "copper-sulfate", pass = true }, bloodGroup = "A+", altPass = true, hbsagPass = true, hematocrit = 0.42, plateletCount = 220, at = openedAt.AddMinutes(8) }),
            ("collection/start", new { din, procedure, nominalMl = procedure == "whole-blood" ? 300 : (int?)null, treatmentUnits = procedure == "whole-blood" ? (int?)null : 1, arm = "right", startedAt = openedAt.AddMinutes(10), bag = new { catalogue = "BB", lot = "L0", expiresOn = "2099-01-01", preservative = "CPDA-1" } }),
            ("collection/finish", new { collectedMl = 300, endedAt = openedAt.AddMinutes(17), outcome = "completed" }),
            ("complete", new { at = openedAt.AddMinutes(30) }),
        };
        var answer = visit;
        foreach (var (step, body) in steps)
        {
            answer = await Quality.Post($"/v1/visits/{visit.Id}/{step}", body, Some.Key());
            if (answer.Status != 200 || answer.Text("status") is "deferred" or "abandoned") return answer;
        }
        return answer;
    }

    public Task<Answer> Eligibility(Guid donorId, string query = "") => Client.Get($"/v1/donors/{donorId}/eligibility{query}");

    public async Task<T> Scalar<T>(string sql, object? args = null) => await service.Database.Scalar<T>(sql, args);

    public static string[] Rules(Answer answer) => [.. answer["reasons"].EnumerateArray().Select(r => r.GetProperty("rule").GetString()!)];

    public static string? Date(JsonElement element) => element.ValueKind == JsonValueKind.Null ? null : element.GetString();
}
