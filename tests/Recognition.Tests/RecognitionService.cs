using BloodPlatform.Contracts.Donor;

[assembly: AssemblyFixture(typeof(BloodPlatform.Recognition.Tests.RecognitionService))]

namespace BloodPlatform.Recognition.Tests;

/// <summary>One Recognition service for all feature tests of this project: real HTTP, real PostgreSQL.</summary>
public sealed class RecognitionService : IAsyncLifetime
{
    public ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await ServiceUnderTest.Start("recognition", Program.Create);

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}

/// <summary>Events as Donor would publish them.</summary>
internal static class Given
{
    private static int dins;

    public static string Din() => $"A999924{Interlocked.Increment(ref dins):D6}";

    public static DateTimeOffset On(int year, int month = 3, int day = 5) => new(year, month, day, 9, 0, 0, TimeSpan.FromHours(8));

    public static DonationCollected WholeBlood(Guid donorId, int nominalMl = 400, DateTimeOffset? at = null, int? collectedMl = null, string outcome = "completed", Guid? driveId = null, Guid? stationId = null, bool backfilled = false) => new()
    {
        EventId = Some.Id(), Key = donorId.ToString(), Version = 1, OccurredAt = at ?? On(2024), StationId = stationId,
        Din = Din(), VisitId = Some.Id(), DonorId = donorId, DriveId = driveId, Procedure = "whole-blood", NominalMl = nominalMl, CollectedMl = collectedMl ?? nominalMl, Outcome = outcome,
        Bag = new CollectionBag("T-400", "L1", new DateOnly(2027, 1, 1), "CPDA-1"), BleedSeconds = 400, Deviations = [], Restrictions = [], FirstTime = false,
        StartedAt = at ?? On(2024), EndedAt = (at ?? On(2024)).AddMinutes(7), Backfilled = backfilled,
    };

    public static DonationCollected Platelets(Guid donorId, int treatmentUnits, DateTimeOffset? at = null, string outcome = "completed") =>
        WholeBlood(donorId, at: at, outcome: outcome) with { Procedure = "apheresis-platelets", NominalMl = null, CollectedMl = null, TreatmentUnits = treatmentUnits };

    public static DonorRegistered Registered(Guid donorId, params Guid[] apps) => new()
    {
        Key = donorId.ToString(), Version = 1, OccurredAt = On(2024), DonorId = donorId, Status = "active", Consents = [], Memberships = [], Apps = apps,
    };

    public static DonorChanged Changed(Guid donorId, long version, params Guid[] apps) => new()
    {
        Key = donorId.ToString(), Version = version, OccurredAt = On(2024), DonorId = donorId, Status = "active", Consents = [], Memberships = [], Apps = apps,
    };
}
