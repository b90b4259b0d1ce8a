using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Dapper;

namespace BloodPlatform.Drives.Features.Appeals;

/// <summary>An appeal as anybody who may speak to donors sees it; what follows on `drives` is for the station, its authority and the admin.</summary>
/// <param name="Status">`waiting` for places, `open` or `closed`.</param>
/// <param name="Districts">Where places are looked for; empty: wherever the station has some.</param>
/// <param name="Drives">Those with places for it, soonest first.</param>
/// <param name="Source">`stock` or `station`.</param>
/// <param name="Level">Of the stock that opened it, or was low when the station did, with the days it lasted then and when the appeal was closed.</param>
/// <param name="RaisedAt">When it last came to ask for more, because its stock had worsened.</param>
/// <param name="Schedule">What is missing in places; null where there are enough.</param>
public sealed record AppealView(
    Guid Id, Guid StationId, string Procedure, string[] BloodGroups, string[] Districts, string Status, DateTimeOffset Until, IReadOnlyList<AppealDrive> Drives,
    string? Source = null, string? Reason = null, string? Level = null, decimal? DaysOfCover = null, decimal? DaysOfCoverAfter = null, AppealNeed? Need = null, AppealEffect? Effect = null, AppealSchedule? Schedule = null,
    DateTimeOffset? CreatedAt = null, DateTimeOffset? OpenedAt = null, DateTimeOffset? RaisedAt = null, DateTimeOffset? ClosedAt = null, string? CloseReason = null, string[]? AllowedActions = null);

public sealed record AppealDrive(Guid DriveId, DateTimeOffset StartsAt, string VenueName, string District, int Places);

/// <summary>What came of it so far: of the bookings that named it.</summary>
/// <param name="Booked">Standing: kept or still to come.</param>
/// <param name="Collected">Donations of them.</param>
public sealed record AppealEffect(int Booked, int Arrived, int Missed, int Cancelled, int Collected, long VolumeMl, IReadOnlyList<AppealDay> Daily);

public sealed record AppealDay(DateOnly On, int Booked);

/// <summary>How the missing places can be had.</summary>
/// <param name="Places">Missing until the appeal ends.</param>
/// <param name="Unopened">Drives that are approved and take no bookings yet.</param>
/// <param name="Sites">Where a drive may be held, and how many hours of one would do.</param>
public sealed record AppealSchedule(int Places, IReadOnlyList<AppealDrive> Unopened, IReadOnlyList<AppealSite> Sites);

public sealed record AppealSite(Guid SiteId, string Kind, string Name, int PlacesPerHour, decimal Hours);

internal sealed record AppealRow
{
    public const string Select = """
        select a.id, a.version, a.station_id, a.source, a.procedure, a.districts, a.reason, a.need::text as need, a.status, a.until, a.level, a.days_of_cover, a.cover_after, a.created_at, a.opened_at, a.raised_at, a.closed_at, a.close_reason,
               array(select g.blood_group from event.appeal_group g where g.appeal_id = a.id order by 1) as blood_groups,
               (select sum(g.reckoned)::bigint from event.appeal_group g where g.appeal_id = a.id) as reckoned
        from event.appeal a
        """;

    public required Guid Id { get; init; }
    public required long Version { get; init; }
    public required Guid StationId { get; init; }
    public required string Source { get; init; }
    public required string Procedure { get; init; }
    public required string[] BloodGroups { get; init; }
    public required string[] Districts { get; init; }
    public string? Reason { get; init; }
    public required string Need { get; init; }
    public required string Status { get; init; }
    public required DateTimeOffset Until { get; init; }
    public string? Level { get; init; }
    public decimal? DaysOfCover { get; init; }
    public decimal? CoverAfter { get; init; }

    /// <summary>The sum of its stocks' versions up to which the need was reckoned.</summary>
    public long Reckoned { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? OpenedAt { get; init; }
    public DateTimeOffset? RaisedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public string? CloseReason { get; init; }

    public AppealNeed Needed => JsonSerializer.Deserialize<AppealNeed>(Need, Json.Options)!;

    public static AppealRow New(Transaction tx, Guid station, string source, string procedure, string[] groups, string[] districts, AppealNeed need, DateTimeOffset until) => new()
    {
        Id = tx.NewId(), Version = 1, StationId = station, Source = source, Procedure = procedure, BloodGroups = groups, Districts = districts, Need = JsonSerializer.Serialize(need, Json.Options), Status = "waiting", Until = until, CreatedAt = tx.Now,
    };

    /// <param name="stocks">By which the need was reckoned.</param>
    public void Insert(Transaction tx, IReadOnlyCollection<StockNow> stocks)
    {
        tx.Write("""
            insert into event.appeal (id, version, station_id, source, procedure, districts, reason, need, status, until, level, days_of_cover, created_at)
            values (@Id, @Version, @StationId, @Source, @Procedure, @Districts, @Reason, @Need::jsonb, @Status, @Until, @Level, @DaysOfCover, @CreatedAt)
            """, new { Id, Version, StationId, Source, Procedure, Districts, Reason, Need, Status, Until, Level, DaysOfCover, CreatedAt });
        tx.Write("insert into event.appeal_group (appeal_id, station_id, procedure, blood_group, running, reckoned) select @Id, @StationId, @Procedure, g.name, true, g.news from unnest(@BloodGroups::text[], @news) as g(name, news)", new { Id, StationId, Procedure, BloodGroups, news = News(stocks) }, rows: BloodGroups.Length);
    }

    /// <summary>There are places: donors may be asked.</summary>
    public AppealRow Open(Transaction tx, IReadOnlyList<AppealDrive> drives)
    {
        var open = this with { Version = Version + 1, Status = "open", OpenedAt = tx.Now };
        tx.Write("update event.appeal set version = @Version, status = @Status, opened_at = @OpenedAt where id = @Id", new { open.Id, open.Version, open.Status, open.OpenedAt });
        tx.Append(new AppealOpened
        {
            Key = Id.ToString(), Version = open.Version, OccurredAt = tx.Now, StationId = StationId, AppealId = Id, Procedure = Procedure, BloodGroups = BloodGroups, Donations = Needed.Donations, Bookings = Needed.Bookings,
            Drives = [.. drives.Select(d => d.DriveId)], Until = Until, Reason = Source,
        });
        return open;
    }

    /// <summary>Its stocks said something new: it may ask for more. Nobody hears of one that waits.</summary>
    public AppealRow Reckon(Transaction tx, AppealNeed need, IReadOnlyCollection<StockNow> stocks)
    {
        tx.Write("update event.appeal_group g set reckoned = n.news from unnest(@BloodGroups::text[], @news) as n(name, news) where g.appeal_id = @Id and g.blood_group = n.name", new { Id, BloodGroups, news = News(stocks) }, rows: BloodGroups.Length);
        if (need == Needed) return this;
        var after = this with { Version = Version + 1, Need = JsonSerializer.Serialize(need, Json.Options), RaisedAt = tx.Now };
        tx.Write("update event.appeal set version = @Version, need = @Need::jsonb, raised_at = @RaisedAt where id = @Id", new { after.Id, after.Version, after.Need, after.RaisedAt });
        if (Status == "open") tx.Append(new AppealRaised { Key = Id.ToString(), Version = after.Version, OccurredAt = tx.Now, StationId = StationId, AppealId = Id, Donations = need.Donations, Bookings = need.Bookings });
        return after;
    }

    /// <summary>How far each of its groups' stocks has got: the sum of versions only grows with news.</summary>
    private long[] News(IEnumerable<StockNow> stocks) => [.. BloodGroups.Select(g => stocks.Where(s => s.BloodGroup == g).Sum(s => s.Version))];

    /// <summary>It is over. Nobody heard of one that never opened.</summary>
    public AppealRow Close(Transaction tx, string reason, int booked, decimal? cover)
    {
        var closed = this with { Version = Version + 1, Status = "closed", ClosedAt = tx.Now, CloseReason = reason, CoverAfter = cover };
        tx.Write("update event.appeal set version = @Version, status = @Status, closed_at = @ClosedAt, close_reason = @CloseReason, cover_after = @CoverAfter where id = @Id", new { closed.Id, closed.Version, closed.Status, closed.ClosedAt, closed.CloseReason, closed.CoverAfter });
        tx.Write("update event.appeal_group set running = false where appeal_id = @Id", new { Id }, rows: BloodGroups.Length);
        if (OpenedAt is not null) tx.Append(new AppealClosed { Key = Id.ToString(), Version = closed.Version, OccurredAt = tx.Now, StationId = StationId, AppealId = Id, Reason = reason, Bookings = booked });
        return closed;
    }

    public AppealView ViewFor(Caller caller, IReadOnlyList<AppealDrive> drives, AppealEffect effect, AppealSchedule? schedule)
    {
        var coarse = new AppealView(Id, StationId, Procedure, BloodGroups, Districts, Status, Until, drives);
        return !(caller.Is(Roles.Station) || caller.Is(Roles.Authority) || caller.Is(Roles.Admin)) ? coarse : coarse with
        {
            Source = Source, Reason = Reason, Level = Level, DaysOfCover = DaysOfCover, DaysOfCoverAfter = CoverAfter, Need = Needed, Effect = effect, Schedule = schedule, CreatedAt = CreatedAt, OpenedAt = OpenedAt, RaisedAt = RaisedAt, ClosedAt = ClosedAt, CloseReason = CloseReason,
            AllowedActions = caller.Is(Roles.Station) && caller.Tenant == StationId && Status != "closed" ? ["close"] : [],
        };
    }
}

/// <summary>A group that a station asks for now, or has just asked enough of, or wants no more of before the appeal's end.</summary>
internal sealed record AskedGroup(Guid AppealId, string Procedure, string BloodGroup, bool Running, string? CloseReason, long Reckoned, string Need, int Groups)
{
    /// <summary>Whoever opens one waits for whoever else does: a group is never asked twice.</summary>
    public static Task<List<AskedGroup>> Of(Transaction tx, Guid station) => tx.Read("""
        select 1 from pg_advisory_xact_lock(hashtextextended('event.appeals/' || @station, 0));
        select g.appeal_id, g.procedure, g.blood_group, g.running, a.close_reason, g.reckoned, a.need::text as need, (select count(*)::int from event.appeal_group o where o.appeal_id = a.id) as groups from event.appeal_group g join event.appeal a on a.id = g.appeal_id
        where g.station_id = @station and (g.running or a.close_reason in ('met', 'withdrawn') and a.until > @now) order by g.blood_group
        """, new { station, now = tx.Now }, async grid =>
    {
        await grid.ReadAsync<int>();
        return (await grid.ReadAsync<AskedGroup>()).AsList();
    });
}

/// <summary>A stock as Inventory said it last.</summary>
internal sealed record StockNow(Guid StationId, string Component, string BloodGroup, long Version, string Level, decimal? DaysOfCover, int Missing)
{
    public const string Select = "select station_id, component, blood_group, version, level, days_of_cover, missing from event.stock_level";

    public string Procedure => Rules.Appeals.ProcedureFor(Component);

    /// <summary>Those that donations of a procedure by these groups fill.</summary>
    public static async Task<List<StockNow>> Of(Transaction tx, Guid station, string procedure, string[] groups) =>
        (await tx.Query<StockNow>(Select + " where station_id = @station and blood_group = any(@groups)", new { station, groups })).FindAll(s => s.Procedure == procedure);
}

/// <summary>Places that donors can be sent to, what the station's bookings came to, and what came of an appeal.</summary>
internal static class Reach
{
    private const string InDistricts = "(@districts = '{}' or exists (select from unnest(@districts::text[]) a where d.district like regexp_replace(a, '(00)+$', '') || '%'))";

    private const string Ahead = $"d.station_id = @station and d.visibility = 'public' and @procedure = any(d.procedures) and d.ends_at > @now and d.starts_at < @until and {InDistricts}";

    /// <summary>Drives of the station with places to book; the places of those that are approved and not opened; where it could hold more.</summary>
    public static async Task<(List<AppealDrive> Drives, List<AppealDrive> Unopened, List<AppealSite> Sites)> Of(Transaction tx, Guid station, string procedure, string[] districts, DateTimeOffset until)
    {
        var (drives, slots, limits, sites) = await tx.Read($"""
            select d.id, d.status, d.starts_at, d.venue_name, d.district from event.drive d where {Ahead} and d.status in ('approved', 'open', 'started') order by d.starts_at, d.id;
            select s.drive_id, {BookingFacts.SlotColumns} from event.slot s join event.drive d on d.id = s.drive_id
            where {Ahead} and d.status in ('approved', 'open', 'started') and s.starts_at > @now and s.starts_at < @until;
            {BookingFacts.PlacesRules};
            select s.id, s.kind, s.name, s.beds from event.site s where s.station_id = @station and s.qualified_until >= @today and s.beds > 0 order by s.beds desc, s.id limit 10
            """, new { station, procedure, districts, until, now = tx.Now, today = Shanghai.DateOf(tx.Now) }, async grid =>
            ((await grid.ReadAsync<DriveAhead>()).AsList(), grid.Read<Guid, BookableSlot, (Guid DriveId, BookableSlot Slot)>((drive, slot) => (drive, slot), splitOn: "starts_at").ToList(), (await grid.ReadAsync<PlacesRule>()).AsList(), (await grid.ReadAsync<Site>()).AsList()));
        var places = slots.ToLookup(s => s.DriveId, s => s.Slot.Under(limits) is var slot && slot.HasRoomFor("booking") ? slot.Places - slot.Booked - slot.Held : 0);
        List<AppealDrive> With(bool opened) => [.. drives.Where(d => d.Status != "approved" == opened).Select(d => new AppealDrive(d.Id, d.StartsAt, d.VenueName, d.District, places[d.Id].Sum())).Where(d => d.Places > 0)];
        return (With(true), With(false), sites.ConvertAll(s => new AppealSite(s.Id, s.Kind, s.Name, Rules.Sites.Capacity(s.Beds, null, 60, [procedure]), 0)));
    }

    /// <summary>What is to be scheduled for so many more bookings; null where there are places for all.</summary>
    public static AppealSchedule? Schedule(int bookings, (List<AppealDrive> Drives, List<AppealDrive> Unopened, List<AppealSite> Sites) reach)
    {
        var missing = bookings - reach.Drives.Sum(d => d.Places);
        return missing <= 0 ? null : new(missing, reach.Unopened, reach.Sites.FindAll(s => s.PlacesPerHour > 0).ConvertAll(s => s with { Hours = Math.Round((decimal)missing / s.PlacesPerHour, 1) }));
    }

    /// <summary>Of the station's drives that were closed within the measured days.</summary>
    public static async Task<MeasuredBookings> Measured(Transaction tx, Guid station, AppealRules rules) => (await tx.QuerySingle<MeasuredBookings>("""
        with closed as (select id from event.drive where station_id = @station and status = 'closed' and starts_at >= @since and not backfilled),
             booked as (select count(*) filter (where a.status = 'arrived')::int as arrived, count(*) filter (where a.status = 'missed')::int as missed from closed c join event.appointment a on a.drive_id = c.id),
             came as (select coalesce(sum(t.visits), 0)::int as visits, coalesce(sum(t.deferred + t.abandoned), 0)::int as without_donation from closed c join event.attended t on t.drive_id = c.id)
        select b.arrived, b.missed, c.visits, c.without_donation from booked b, came c
        """, new { station, since = tx.Now.AddDays(-rules.MeasuredDays) }))!;

    /// <summary>What appeals have brought, for what they are still to bring; of one that brought nothing there is no row.</summary>
    public static async Task<Dictionary<Guid, Brought>> BroughtBy(Transaction tx, Guid[] appeals, AppealRules rules) => (await tx.Query<BroughtRow>("""
        select a.appeal_id, count(distinct a.id) filter (where a.status = 'booked')::int as pending, count(distinct a.id) filter (where a.status = 'arrived')::int as arrived,
               count(n.din)::int as collected, count(n.din) filter (where n.donated_on > @ripe)::int as on_their_way
        from event.appointment a left join event.visit v on v.appointment_id = a.id left join event.donation n on n.visit_id = v.visit_id and not n.voided
        where a.appeal_id = any(@appeals) group by a.appeal_id
        """, new { appeals, ripe = Shanghai.DateOf(tx.Now).AddDays(-rules.ProcessingDays) })).ToDictionary(b => b.AppealId, b => new Brought(b.Pending, b.Arrived, b.Collected, b.OnTheirWay));

    private sealed record BroughtRow(Guid AppealId, int Pending, int Arrived, int Collected, int OnTheirWay);

    /// <summary>Of each appeal.</summary>
    public static async Task<Dictionary<Guid, AppealEffect>> Effects(Transaction tx, IEnumerable<Guid> appeals)
    {
        var ids = appeals.ToArray();
        var (sums, days) = await tx.Read("""
            -- Who went and came back the same day has two visits of one booking.
            select a.appeal_id, count(distinct a.id) filter (where a.status in ('booked', 'arrived'))::int as booked, count(distinct a.id) filter (where a.status = 'arrived')::int as arrived, count(distinct a.id) filter (where a.status = 'missed')::int as missed,
                   count(distinct a.id) filter (where a.status = 'cancelled')::int as cancelled, count(n.din)::int as collected, coalesce(sum(n.collected_ml), 0)::bigint as volume_ml
            from event.appointment a left join event.visit v on v.appointment_id = a.id left join event.donation n on n.visit_id = v.visit_id and not n.voided
            where a.appeal_id = any(@ids) group by 1;
            select a.appeal_id, (a.booked_at at time zone 'Asia/Shanghai')::date as "on", count(*)::int as booked from event.appointment a where a.appeal_id = any(@ids) and a.status <> 'cancelled' group by 1, 2 order by 1, 2
            """, new { ids }, async grid => ((await grid.ReadAsync<Sum>()).ToDictionary(s => s.AppealId), (await grid.ReadAsync<Day>()).ToLookup(d => d.AppealId, d => new AppealDay(d.On, d.Booked))));
        return ids.ToDictionary(id => id, id => sums.TryGetValue(id, out var s) ? new AppealEffect(s.Booked, s.Arrived, s.Missed, s.Cancelled, s.Collected, s.VolumeMl, [.. days[id]]) : new AppealEffect(0, 0, 0, 0, 0, 0, []));
    }

    private sealed record DriveAhead(Guid Id, string Status, DateTimeOffset StartsAt, string VenueName, string District);

    private sealed record Site(Guid Id, string Kind, string Name, int Beds);

    private sealed record Sum(Guid AppealId, int Booked, int Arrived, int Missed, int Cancelled, int Collected, long VolumeMl);

    private sealed record Day(Guid AppealId, DateOnly On, int Booked);
}
