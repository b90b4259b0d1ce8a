using System.Diagnostics;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Contracts.Recognition;

namespace BloodPlatform.Partners.Tests.Features;

/// <summary>A platform in small: a station, a university with a college, an app, a hospital, a donor and a drive; and the same again, which is somebody else's.</summary>
public sealed class FeedWorld : IAsyncLifetime
{
    public ServiceUnderTest Service { get; private set; } = null!;

    public Side Own { get; private set; } = null!;

    public Side Foreign { get; private set; } = null!;

    /// <summary>The one event of each kind that is its own side's, and those that are nobody's.</summary>
    public HashSet<Guid> Owned { get; } = [];

    public HashSet<Guid> Nobodys { get; } = [];

    /// <summary>Every kind of event there is, once for each side, and once as nobody's: without station, place, donor, drive or organisation anybody knows.</summary>
    public async ValueTask InitializeAsync()
    {
        Service = await ServiceUnderTest.Start("partner", Program.Create);
        (Own, Foreign) = (await Side.Make(Service, "440703"), await Side.Make(Service, "440785"));
        // Last of all the erasure, after which an app reads nothing else of the donor.
        foreach (var side in new[] { Own, Foreign })
            foreach (var type in EventTypes.All.Where(t => t.Type != typeof(DonorErased))) await Deliver(side == Own ? Owned : [], side.EventOf(type.Type));
        foreach (var type in EventTypes.All) await Deliver(Nobodys, Facts.Of(type.Type, Some.Id().ToString(), 99));
        foreach (var side in new[] { Own, Foreign }) await Deliver(side == Own ? Owned : [], side.EventOf(typeof(DonorErased), side.Erased));
        await Placed();
    }

    private async Task Deliver(HashSet<Guid> ids, DomainEvent e)
    {
        var given = e with { EventId = Some.Id() };
        ids.Add(given.EventId);
        await Service.Deliver(given);
    }

    public Task Placed() => Eventually.That(async () => await Service.Database.Scalar<long>("select count(*) from partner.feed where sequence is null") == 0, 30);

    public async ValueTask DisposeAsync() => await Service.DisposeAsync();
}

public sealed record Side(string District, Guid Station, Guid University, Guid College, Guid App, Guid Hospital, Guid Donor, Guid Drive, Guid Erased)
{
    public const string Din = "A999926000001";

    public static async Task<Side> Make(ServiceUnderTest service, string district)
    {
        var university = await service.Organisation("university", district);
        var side = new Side(district, await service.Organisation("blood-station", district), university, await service.Organisation("college", district, below: university),
            await service.Organisation("partner-app", district), await service.Organisation("hospital", district), Some.Id(), Some.Id(), Some.Id());
        await service.Deliver(
            Facts.Of<DonorRegistered>(side.Donor.ToString(), 1, ("DonorId", side.Donor), ("Apps", new[] { side.App }), ("District", district)),
            Facts.Of<DonorRegistered>(side.Erased.ToString(), 1, ("DonorId", side.Erased), ("Apps", new[] { side.App }), ("District", district)),
            Facts.Of<DriveScheduled>(side.Drive.ToString(), 1, ("DriveId", side.Drive), ("OrganiserId", side.College), ("District", district), ("StationId", side.Station)));
        return side;
    }

    /// <summary>An event of the kind that is this side's in every way a field can say.</summary>
    public DomainEvent EventOf(Type type, Guid? donor = null)
    {
        var fields = new (string, object?)[]
        {
            ("StationId", Station), ("DonorId", donor ?? Donor), ("Survivor", donor ?? Donor), ("DriveId", Drive), ("OrganiserId", College), ("OrganisationId", College), ("HospitalId", Hospital), ("Apps", new[] { App }),
            ("District", District), ("Path", new[] { University, College }), ("TenantId", Station), ("Kind", type.Name.StartsWith("Organisation", StringComparison.Ordinal) ? "college" : "something"), ("Din", Din),
        };
        var ofDonor = type.GetProperty("DonorId") is not null && type.Namespace!.Split('.')[^1] is ("Donor" or "Recognition");
        return Facts.Of(type, (ofDonor ? donor ?? Donor : type.Name.StartsWith("Organisation", StringComparison.Ordinal) ? College : Drive).ToString(), 10, fields);
    }

    public Guid? TenantOf(string role) => role switch { Roles.Station => Station, Roles.Organiser => University, Roles.App => App, Roles.Hospital => Hospital, _ => null };
}

public sealed class FeedTests(FeedWorld world) : IClassFixture<FeedWorld>
{
    private readonly ServiceUnderTest service = world.Service;

    // The last paragraph of the API outline's "Partner", written out once more, by hand.
    private static readonly HashSet<string> NeverBeyondTheStation =
        ["VisitDeferred", "DonorEligibilityChanged", "DonorReactionRecorded", "DonorReactionVoided", "RosterChanged", "DonationTested", "DonationHeld", "DonationWithdrawn", "DonationVoided", "DonorDeferralRequired", "UnitDiscarded", "LookbackOpened", "LookbackClosed", "RecallOpened", "RecallClosed",
         "CreditVoided", "HonourRevoked", "DonationExternallyChecked", "DonationFirstTimeChanged", "BloodGroupCorrected", "DonationReported", "DonationReportRefused"];

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        [Roles.Organiser] = ["OrganisationRegistered", "OrganisationChanged", "OrganisationHonoured", "DriveScheduled", "DriveChanged", "DriveCancelled", "DriveClosed", "AppointmentBooked", "AppointmentMoved", "AppointmentCancelled", "AppointmentMissed", "AppointmentArrived"],
        [Roles.App] = ["DonorRegistered", "DonorChanged", "DonorsMerged", "DonorsUnmerged", "DonorErased", "AppointmentBooked", "AppointmentMoved", "AppointmentCancelled", "AppointmentMissed", "AppointmentArrived", "ContactRequested", "DonationCollected", "CreditGranted", "HonourEarned"],
        [Roles.Hospital] = ["UnitIssued", "UnitReceived", "UnitTransfused", "UnitReturned", "OrderChanged"],
    };

    public static TheoryData<string, string> EveryRoleAndKind()
    {
        var data = new TheoryData<string, string>();
        foreach (var role in Roles.All) foreach (var type in EventTypes.All) data.Add(role, type.Type.Name);
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryRoleAndKind))]
    public async Task Who_reads_what(string role, string kind)
    {
        var type = EventTypes.All.Single(e => e.Type.Name == kind);
        var items = await ReadAll(Reader(role), type.PublicName);
        var may = role switch
        {
            Roles.Admin or Roles.Station => true,
            Roles.Authority => !NeverBeyondTheStation.Contains(kind),
            _ => Allowed[role].Contains(kind),
        };
        if (role == Roles.Admin)
        {
            Assert.Equal(await service.Database.Scalar<long>("select count(*) from partner.feed where type = @t", new { t = type.PublicName }), items.Count);
            return;
        }
        // Own, and the one or two with which the side was made; never the other side's, never nobody's.
        Assert.All(items, item => Assert.DoesNotContain(Everything(world.Foreign), value => item.GetRawText().Contains(value.ToString(), StringComparison.OrdinalIgnoreCase)));
        Assert.DoesNotContain(items, item => world.Nobodys.Contains(item.GetProperty("id").GetGuid()));
        if (may) Assert.Contains(items, item => world.Owned.Contains(item.GetProperty("id").GetGuid()));
        else Assert.Empty(items);
        if (role is Roles.Authority or Roles.Organiser or Roles.Hospital) Assert.All(items, item => Assert.DoesNotContain(world.Own.Donor.ToString(), item.GetRawText(), StringComparison.OrdinalIgnoreCase));
    }

    private static Guid[] Everything(Side side) => [side.Station, side.University, side.College, side.App, side.Hospital, side.Donor, side.Drive, side.Erased];

    [Fact]
    public async Task A_donors_event_keeps_its_donor_for_station_and_app_and_loses_him_for_the_authority()
    {
        var collected = "blood-platform.donation-collected";
        foreach (var role in new[] { Roles.Station, Roles.App, Roles.Admin })
        {
            var item = (await ReadAll(Reader(role), collected)).Single(i => i.GetProperty("subject").GetString() == world.Own.Donor.ToString());
            Assert.Equal(world.Own.Donor.ToString(), item.GetProperty("data").GetProperty("donorId").GetString());
        }
        var seen = Assert.Single(await ReadAll(Reader(Roles.Authority), collected));
        Assert.Equal(Side.Din, seen.GetProperty("subject").GetString());
        Assert.False(seen.GetProperty("data").TryGetProperty("donorId", out _));
        Assert.False(seen.GetProperty("data").TryGetProperty("key", out _));
        Assert.Equal("440703", seen.GetProperty("data").GetProperty("district").GetString());
        Assert.All(await ReadAll(Reader(Roles.Authority), "blood-platform.donor-registered"), i => Assert.False(i.TryGetProperty("subject", out _)));
    }

    [Fact]
    public async Task No_number_tells_an_app_that_something_happened_to_its_donor_which_it_is_not_told()
    {
        foreach (var type in EventTypes.All.Where(t => t.Publisher is "donor" or "recognition"))
            foreach (var role in Roles.All)
                Assert.All(await ReadAll(Reader(role), type.PublicName), i => Assert.Equal((role, role is Roles.Station or Roles.Admin), (role, i.GetProperty("data").TryGetProperty("version", out _))));
        Assert.All(await ReadAll(Reader(Roles.App), "blood-platform.appointment-booked"), i => Assert.True(i.GetProperty("data").TryGetProperty("version", out _)));
        foreach (var field in new[] { "restrictions", "deviations", "externalCheck" })
        {
            Assert.All(await ReadAll(Reader(Roles.App), "blood-platform.donation-collected"), i => Assert.False(i.GetProperty("data").TryGetProperty(field, out _)));
            Assert.All(await ReadAll(Reader(Roles.Station), "blood-platform.donation-collected"), i => Assert.True(i.GetProperty("data").TryGetProperty(field, out _)));
        }
    }

    [Fact]
    public async Task An_app_reads_of_every_id_of_a_person_it_acts_for_while_they_are_one()
    {
        var (app, survivor, absorbed) = (Some.Id(), Some.Id(), Some.Id());
        var reader = service.As(Roles.App, app);
        async Task<int> Of(Guid donor) => (await ReadAll(reader, "blood-platform.donation-collected")).Count(i => i.GetProperty("data").GetProperty("donorId").GetGuid() == donor);
        DonorsMerged merged = new() { Key = survivor.ToString(), Version = 5, OccurredAt = TimeProvider.System.GetUtcNow(), MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, 5)] };
        DonorsUnmerged undone = new() { Key = survivor.ToString(), Version = 9, OccurredAt = TimeProvider.System.GetUtcNow(), MergeId = merged.MergeId, Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, 9)] };
        await service.Deliver(
            Facts.Of<DonorRegistered>(survivor.ToString(), 1, ("DonorId", survivor), ("Apps", new[] { app })), Facts.Of<DonorRegistered>(absorbed.ToString(), 1, ("DonorId", absorbed), ("Apps", Array.Empty<Guid>())),
            Facts.Of<DonationCollected>(survivor.ToString(), 2, ("DonorId", survivor)), Facts.Of<DonationCollected>(absorbed.ToString(), 2, ("DonorId", absorbed)));
        await world.Placed();
        Assert.Equal((1, 0), (await Of(survivor), await Of(absorbed)));
        await service.Deliver(merged);
        await world.Placed();
        Assert.Equal((1, 1), (await Of(survivor), await Of(absorbed)));
        var told = Assert.Single(await ReadAll(reader, "blood-platform.donors-merged")).GetProperty("data");
        Assert.Equal((absorbed, false, false), (told.GetProperty("absorbed").GetGuid(), told.TryGetProperty("donors", out _), told.TryGetProperty("version", out _)));
        await service.Deliver(undone, merged with { EventId = Some.Id() }); // an old replay joins nobody again
        await world.Placed();
        Assert.Equal((1, 0), (await Of(survivor), await Of(absorbed)));
    }

    [Fact]
    public async Task Of_who_asked_for_erasure_an_app_reads_that_and_nothing_else()
    {
        JsonElement[] Of(IEnumerable<JsonElement> items) => [.. items.Where(i => i.GetRawText().Contains(world.Own.Erased.ToString(), StringComparison.OrdinalIgnoreCase))];
        var names = string.Join(',', EventTypes.All.Select(t => t.PublicName));
        Assert.Equal("blood-platform.donor-erased", Assert.Single(Of(await ReadAll(Reader(Roles.App), names))).GetProperty("type").GetString());
        Assert.Equal(2, Of(await ReadAll(Reader(Roles.Admin), names)).Length);
    }

    [Fact]
    public async Task An_event_is_a_cloud_event()
    {
        var item = (await ReadAll(Reader(Roles.Admin), "blood-platform.drive-closed"))[0];
        Assert.Equal(("1.0", "blood-platform.drive-closed", "blood-platform/event", "application/json"),
            (item.GetProperty("specversion").GetString(), item.GetProperty("type").GetString(), item.GetProperty("source").GetString(), item.GetProperty("datacontenttype").GetString()));
        Assert.Equal(item.GetProperty("data").GetProperty("eventId").GetGuid(), item.GetProperty("id").GetGuid());
        Assert.Equal(item.GetProperty("data").GetProperty("key").GetString(), item.GetProperty("subject").GetString());
        Assert.Equal(JsonValueKind.Number, item.GetProperty("sequence").ValueKind);
        Assert.EndsWith("+08:00", item.GetProperty("time").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_event_does_not_say_its_drive_and_its_station_do()
    {
        var own = world.Own;
        var appointment = Some.Id();
        await service.Deliver(
            Facts.Of<AppointmentBooked>(appointment.ToString(), 1, ("AppointmentId", appointment), ("DonorId", own.Donor), ("DriveId", own.Drive)),
            Facts.Of<UnitReleased>("A999926000077", 1, ("DonorId", own.Donor), ("Din", "A999926000077"), ("StationId", own.Station)),
            Facts.Of<HonourEarned>(own.Donor.ToString(), 77, ("DonorId", own.Donor), ("HonourId", appointment)));
        await world.Placed();
        foreach (var role in new[] { Roles.Station, Roles.Organiser, Roles.App, Roles.Authority }) Assert.True(await Sees(role, "appointment-booked", "version", 1), role);
        Assert.True(await Sees(Roles.Authority, "unit-released", "version", 1));  // the station lies in its district
        Assert.True(await Sees(Roles.Authority, "honour-earned", "honourId", appointment)); // the donor lives in it
        Assert.False(await Sees(Roles.Station, "honour-earned", "honourId", appointment));  // nobody's in particular

        async Task<bool> Sees(string role, string type, string field, object value) =>
            (await ReadAll(Reader(role), "blood-platform." + type)).Any(i => i.GetProperty("data").GetProperty(field).ToString() == value.ToString());
    }

    [Fact]
    public async Task An_app_that_no_longer_acts_for_a_donor_reads_nothing_of_him_and_one_that_begins_to_reads_all()
    {
        var (donor, first, second) = (Some.Id(), Some.Id(), Some.Id());
        await service.Deliver(Facts.Of<DonorRegistered>(donor.ToString(), 1, ("DonorId", donor), ("Apps", new[] { first })), Facts.Of<CreditGranted>(donor.ToString(), 1, ("DonorId", donor)));
        await world.Placed();
        Assert.Equal(2, (await ReadAll(service.As(Roles.App, first))).Count);
        await service.Deliver(Facts.Of<DonorChanged>(donor.ToString(), 3, ("DonorId", donor), ("Apps", new[] { second })), Facts.Of<DonorChanged>(donor.ToString(), 2, ("DonorId", donor), ("Apps", new[] { first, second })));
        await world.Placed();
        Assert.Empty(await ReadAll(service.As(Roles.App, first)));
        Assert.Equal(4, (await ReadAll(service.As(Roles.App, second))).Count);
    }

    [Fact]
    public async Task An_organiser_does_not_learn_why_a_booking_was_cancelled()
    {
        Assert.All(await ReadAll(Reader(Roles.Organiser), "blood-platform.appointment-cancelled"), i => Assert.False(i.GetProperty("data").TryGetProperty("reasonCode", out _)));
        Assert.Contains(await ReadAll(Reader(Roles.Organiser), "blood-platform.drive-cancelled"), i => i.GetProperty("data").TryGetProperty("reasonCode", out _));
    }

    [Fact]
    public async Task An_app_learns_the_platforms_reasons_for_a_cancelled_booking_and_not_a_stations()
    {
        var own = world.Own;
        var (theirs, ours) = (Some.Id(), Some.Id());
        foreach (var (appointment, reason) in new[] { (theirs, "reactive-test"), (ours, "drive-cancelled") })
            await service.Deliver(Facts.Of<AppointmentCancelled>(appointment.ToString(), 2, ("AppointmentId", appointment), ("DonorId", own.Donor), ("DriveId", own.Drive), ("ReasonCode", reason)));
        await world.Placed();
        var seen = (await ReadAll(Reader(Roles.App), "blood-platform.appointment-cancelled")).ToDictionary(i => i.GetProperty("subject").GetString()!, i => i.GetProperty("data"));
        Assert.False(seen[theirs.ToString()].TryGetProperty("reasonCode", out _));
        Assert.Equal("drive-cancelled", seen[ours.ToString()].GetProperty("reasonCode").GetString());
    }

    [Fact]
    public async Task The_same_event_delivered_often_stands_in_the_feed_once()
    {
        var e = Facts.Of<DriveClosed>(world.Own.Drive.ToString(), 50, ("EventId", Some.Id()), ("DriveId", world.Own.Drive));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Deliver(e)));
        await service.Database.Execute("delete from partner.inbox where message_id = @EventId", new { e.EventId }); // as after thirty days
        await service.Deliver(e);
        await world.Placed();
        Assert.Single(await ReadAll(Reader(Roles.Admin)), i => i.GetProperty("id").GetGuid() == e.EventId);
    }

    [Fact]
    public async Task Pages_follow_each_other_and_the_last_says_how_far_it_is_complete()
    {
        var all = await ReadAll(Reader(Roles.Admin));
        var (after, seen) = (0L, new List<long>());
        while (true)
        {
            var page = await Reader(Roles.Admin).Get($"/v1/events?after={after}&limit=7");
            seen.AddRange(page["items"].EnumerateArray().Select(i => i.GetProperty("sequence").GetInt64()));
            Assert.True(page["items"].GetArrayLength() <= 7);
            if (page["next"].ValueKind == JsonValueKind.Null)
            {
                Assert.Equal(seen[^1], page["through"].GetInt64());
                break;
            }
            Assert.Equal((seen[^1], seen[^1]), (page["next"].GetInt64(), page["through"].GetInt64()));
            after = page["next"].GetInt64();
        }
        Assert.True(seen.Count >= all.Count);
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(i => (long)i), seen);
    }

    [Fact]
    public async Task A_reader_without_events_of_its_own_still_advances()
    {
        var page = await service.As(Roles.Hospital, Some.Id()).Get("/v1/events");
        Assert.Empty(page["items"].EnumerateArray());
        Assert.Equal(JsonValueKind.Null, page["next"].ValueKind);
        Assert.True(page["through"].GetInt64() > 50);
    }

    [Theory]
    [InlineData("after=-1", 422, "invalid_value")]
    [InlineData("after=x", 400, "malformed_request")]
    [InlineData("wait=-1", 422, "invalid_value")]
    [InlineData("types=blood-platform.nonsense", 422, "invalid_value")]
    [InlineData("after=900000000000", 409, "feed_position_ahead")]
    public async Task A_question_that_makes_no_sense_is_refused(string query, int status, string code)
    {
        var answer = await Reader(Roles.Admin).Get("/v1/events?" + query);
        Assert.Equal((status, code), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Two_hundred_readers_wait_without_a_connection_and_all_hear_at_once()
    {
        var tenant = await service.Organisation("blood-station"); // its own events, so that other tests' do not answer it
        await world.Placed();
        using var reader = service.As(Roles.Station, tenant);
        var after = (await reader.Get("/v1/events"))["through"].GetInt64();
        var started = Stopwatch.GetTimestamp();
        var waiting = Enumerable.Range(0, 200).Select(_ => reader.Get($"/v1/events?after={after}&wait=30")).ToArray(); // the pool has forty
        Assert.Equal(200, (await service.Admin().Get("/v1/clients")).Status);
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        await service.Deliver(Facts.Of<DriveClosed>(Some.Id().ToString(), 1, ("StationId", tenant), ("DriveId", world.Own.Drive), ("OrganiserId", world.Own.College)));
        var answers = await Task.WhenAll(waiting);
        Assert.All(answers, a => Assert.Single(a["items"].EnumerateArray()));
        Assert.True(Stopwatch.GetElapsedTime(started).TotalSeconds < 20);
    }

    [Fact]
    public async Task A_wait_ends_with_an_empty_answer()
    {
        using var reader = service.As(Roles.Station, Some.Id());
        var started = Stopwatch.GetTimestamp();
        var page = await reader.Get("/v1/events?wait=1");
        Assert.Empty(page["items"].EnumerateArray());
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.95, 10);
    }

    private HttpClient Reader(string role)
    {
        if (role != Roles.Authority) return service.As(role, world.Own.TenantOf(role));
        var http = service.Anonymous();
        http.DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(role, null, districts: "440703 440704"));
        return http;
    }

    private static async Task<List<JsonElement>> ReadAll(HttpClient reader, string? types = null)
    {
        var (items, after) = (new List<JsonElement>(), 0L);
        while (true)
        {
            var page = await reader.Get($"/v1/events?after={after}&limit=1000" + (types is null ? "" : "&types=" + types));
            Assert.True(page.Status == 200, page.ToString());
            items.AddRange(page["items"].EnumerateArray());
            if (page["next"].ValueKind == JsonValueKind.Null) return items;
            after = page["next"].GetInt64();
        }
    }
}
