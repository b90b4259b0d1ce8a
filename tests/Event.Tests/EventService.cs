using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Drives;

namespace BloodPlatform.Drives.Tests;

/// <summary>One Event service for all feature tests of this project: real HTTP, real PostgreSQL.</summary>
public sealed class EventService : IAsyncLifetime
{
    public const string RuleSet = "whole-country";

    public ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await ServiceUnderTest.Start("event", Program.Create);
        await Service.Deliver(new RuleSetPublished
        {
            Key = RuleSet, Version = 1, OccurredAt = Now, Code = RuleSet, RuleSetVersion = "2012", ValidFrom = new DateOnly(1998, 10, 1),
            Intervals = [new("whole-blood", "whole-blood", 6, 0), new("apheresis-platelets", "apheresis-platelets", 0, 14), new("apheresis-platelets", "whole-blood", 0, 28), new("whole-blood", "apheresis-platelets", 3, 0)],
        });
    }

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();

    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Ten in the morning, Shanghai, some days from today.</summary>
    public static DateTimeOffset Morning(int days) => Shanghai.StartOf(Shanghai.DateOf(Now).AddDays(days)).AddHours(10);

    public HttpClient Station(Guid tenant) => Service.As(Roles.Station, tenant);

    /// <summary>The same station with a quality person at the keyboard.</summary>
    public HttpClient Quality(Guid tenant) => Service.As(Roles.Station, tenant, "Q1", "quality");

    public HttpClient Organiser(Guid tenant) => Service.As(Roles.Organiser, tenant);

    public HttpClient App(Guid tenant) => Service.As(Roles.App, tenant);

    public HttpClient Authority(string districts)
    {
        var http = Service.As(Roles.Authority);
        http.DefaultRequestHeaders.Authorization = new("Bearer", Service.Tokens.Client(Roles.Authority, null, districts: districts));
        return http;
    }

    public async Task<Guid> Organisation(string kind = "university", Guid? parent = null, string name = "测试大学") =>
        (await Service.As(Roles.Admin).Post("/v1/organisations", new { name, kind, district = "440703", parentId = parent })).Id;

    /// <summary>A station that serves a city, known as one: of others the platform knows no area.</summary>
    public async Task<Guid> StationOf(string district = "440703", Guid? id = null)
    {
        var station = id ?? Some.Id();
        await Service.Database.Execute("insert into event.organisation (id, version, name, kind, district, path, status, created_at) values (@station, 1, '测试血站', 'blood-station', @district, array[@station], 'active', now())", new { station, district });
        return station;
    }

    /// <summary>What a drive's body looks like; change what the test is about.</summary>
    public static Dictionary<string, object?> DriveBody(Guid organisation, DateTimeOffset startsAt, int hours = 4, int slotMinutes = 60, int capacity = 10, string kind = "open", string? backfillReason = null) => new()
    {
        ["organisationId"] = organisation, ["kind"] = kind, ["venue"] = new { name = "体育馆", address = "东成村22号", district = "440703", latitude = 22.58, longitude = 113.08 },
        ["startsAt"] = startsAt, ["endsAt"] = startsAt.AddHours(hours), ["slotMinutes"] = slotMinutes, ["capacityPerSlot"] = capacity, ["procedures"] = new[] { "whole-blood", "apheresis-platelets" },
        ["backfillReason"] = backfillReason,
    };

    public async Task<Guid> Draft(Guid station, DateTimeOffset? startsAt = null, int capacity = 10, string kind = "open", Guid? organisation = null, string? backfillReason = null, int hours = 4)
    {
        var made = await Quality(station).Post("/v1/drives", DriveBody(organisation ?? await Organisation(), startsAt ?? Morning(7), hours, capacity: capacity, kind: kind, backfillReason: backfillReason));
        Assert.True(made.Status == 201, made.ToString());
        return made.Id;
    }

    /// <summary>Takes a drive through steps; each must succeed.</summary>
    public async Task Steps(Guid station, Guid drive, DateTimeOffset? at, params string[] steps)
    {
        foreach (var step in steps)
        {
            var answer = await Quality(station).Post($"/v1/drives/{drive}/{step}", new DriveStepRequest(at));
            Assert.True(answer.Status == 200, $"{step}: {answer}");
        }
    }

    public async Task<Guid> OpenDrive(Guid station, DateTimeOffset? startsAt = null, int capacity = 10, string kind = "open", Guid? organisation = null)
    {
        var drive = await Draft(station, startsAt, capacity, kind, organisation);
        await Steps(station, drive, null, "submit", "approve", "open");
        return drive;
    }

    /// <summary>A drive of the past, open for backfilled bookings.</summary>
    public async Task<Guid> PastDrive(Guid station, DateTimeOffset startsAt, int capacity = 200, Guid? organisation = null)
    {
        var drive = await Draft(station, startsAt, capacity, organisation: organisation, backfillReason: "paper list of the day");
        await Steps(station, drive, startsAt, "submit", "approve", "open", "start");
        return drive;
    }

    public static DonorRegistered Registered(Guid donor, long version = 1, string status = "active", params Guid[] apps) => new()
    {
        Key = donor.ToString(), Version = version, OccurredAt = Now, DonorId = donor, Status = status, Consents = [], Memberships = [], Apps = apps,
    };

    /// <summary>May give whole blood and platelets from 2008 on, unless windows are given.</summary>
    public static DonorEligibilityChanged Eligible(Guid donor, long version = 2, params DateWindow[] windows) => new()
    {
        Key = donor.ToString(), Version = version, OccurredAt = Now, DonorId = donor, RuleSet = RuleSet, RuleSetVersion = "2012",
        Procedures = [new("whole-blood", windows.Length > 0 ? windows : [new(new DateOnly(2008, 1, 1), null)]), new("apheresis-platelets", windows.Length > 0 ? windows : [new(new DateOnly(2008, 1, 1), null)])],
    };

    public async Task<Guid> Donor(params Guid[] apps)
    {
        var donor = Some.Id();
        await Service.Deliver(Registered(donor, apps: apps), Eligible(donor));
        return donor;
    }

    public static object BookingBody(Guid drive, DateTimeOffset slot, Guid donor, string? procedure = null, string? backfillReason = null, string channel = "wechat") =>
        new { driveId = drive, slotStartsAt = slot, donorId = donor, procedure, channel, backfillReason };

    public static VisitOpened VisitOpened(Guid visit, Guid donor, Guid? drive, Guid? appointment = null, long version = 3) =>
        new() { Key = donor.ToString(), Version = version, OccurredAt = Now, VisitId = visit, DonorId = donor, DriveId = drive, AppointmentId = appointment, Backfilled = false };

    private static int serial = 100000;

    public static string Din() => $"A999924{Interlocked.Increment(ref serial)}";

    public static DonationCollected Collected(string din, Guid donor, Guid? drive, DateTimeOffset startedAt, int? ml = 400, int? collectedMl = null, Guid? station = null, bool firstTime = false, string? district = null, int? units = null) => new()
    {
        Key = donor.ToString(), Version = 9, OccurredAt = startedAt, StationId = station, Din = din, DonorId = donor, DriveId = drive, District = district, Procedure = units is null ? "whole-blood" : "apheresis-platelets",
        NominalMl = units is null ? ml : null, CollectedMl = units is null ? collectedMl ?? ml : null, TreatmentUnits = units, Outcome = "completed", Bag = new("CAT", "LOT", new DateOnly(2030, 1, 1), "CPDA-1"),
        BleedSeconds = 400, Deviations = [], Restrictions = [], FirstTime = firstTime, StartedAt = startedAt, EndedAt = startedAt.AddMinutes(7), Backfilled = false,
    };

    public static CollectedState StateOf(DonationCollected e) => new(e.Procedure, e.NominalMl, e.CollectedMl, e.TreatmentUnits, e.Outcome, e.Bag, e.BleedSeconds, e.Deviations, e.Restrictions, e.StartedAt, e.EndedAt);

    public static DonationCorrected Corrected(DonationCollected e, int number, int ml, int nominal) => new()
    {
        Key = e.Key, Version = 10 + number, OccurredAt = e.EndedAt, StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, DriveId = e.DriveId, ReasonCode = "measured-again",
        Before = StateOf(e), After = StateOf(e) with { CollectedMl = ml, NominalMl = nominal }, Backfilled = e.Backfilled,
    };

    public static DonationVoided Voided(DonationCollected e, int number) => new()
    {
        Key = e.Key, Version = 10 + number, OccurredAt = e.EndedAt, StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, DriveId = e.DriveId, ReasonCode = "wrong-donor", Before = StateOf(e), Backfilled = e.Backfilled,
    };
}

/// <summary>All feature tests share the service, and run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class EventCollection : ICollectionFixture<EventService>
{
    public const string Name = "event service";
}
