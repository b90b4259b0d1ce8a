using System.Globalization;
using System.Threading.RateLimiting;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Features.Codes;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace BloodPlatform.Drives.Features.Provisional;

/// <summary>
/// POST /q/{code}/booking: the form of the page behind a code, for a telephone without JavaScript. Name and telephone keep a place until its slot ends; at the desk
/// it becomes a booking. Answers a page: the reference to show, or the same page with what is wrong.
/// </summary>
public static class HoldPlace
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapPost("/q/{code}/booking", Handle).Public().IgnoresIdempotencyKey().ExcludeFromDescription();

    private sealed record Venue(string Name, string Address);

    private sealed record Kept(string Reference, BookableSlot Slot, Venue Venue);

    private sealed record Outcome(Kept? Kept, int Status = 200, string? Fault = null);

    private static async Task<ContentHttpResult> Handle(string code, HttpContext http, Database db, Vault vault, HoldAttempts attempts, CancellationToken ct)
    {
        var form = http.Request.HasFormContentType ? await http.Request.ReadFormAsync(ct) : FormCollection.Empty;
        var outcome = attempts.MayTry(http) ? await Try(code, form, db, vault, ct) : new(null, 429, "操作过于频繁，请一分钟后再试，或当天直接到现场登记。");
        if (outcome.Kept is not { } kept) return await ShowPage.Page(code, http, db, form, false, outcome.Status, outcome.Fault, ct);
        ShowPage.Restrict(http);
        return ShowPage.Html(200, "名额已预留", $"""
            <p>到现场时请出示本人有效身份证件原件，并告诉工作人员预留号：</p><p class="reference" id="reference">{kept.Reference}</p><p id="slot"><b>{DriveTime.Slot(kept.Slot.StartsAt, kept.Slot.EndsAt)}</b><br>{ShowPage.E(kept.Venue.Name)}<br>{ShowPage.E(kept.Venue.Address)}</p>
            <p>工作人员核对证件并登记后，预约才正式生效；能否献血以现场健康征询和检测为准。请保存或截图本页。<br><span lang="en">Show your identity document and this reference at the desk; only then is the booking real. Keep a picture of this page.</span></p>
            <p>{Keeping}</p><p><a href="/q/{ShowPage.E(code)}">返回活动页面</a></p>
            """);
    }

    /// <summary>What is kept, and for how long; said before and after.</summary>
    internal const string Keeping = "您的姓名和手机号只用于到现场时找到为您预留的名额，加密保存，不用于其他用途；登记为正式预约、时段结束或活动结束、取消时即删除。<br><span lang=\"en\">Name and telephone serve only to find your place at the desk. They are kept encrypted and deleted when you are booked there, when the slot ends, or when the drive ends or is cancelled.</span>";

    private static async Task<Outcome> Try(string code, IFormCollection form, Database db, Vault vault, CancellationToken ct)
    {
        var (person, fault) = Rules.Provisional.Read(form["name"], form["phone"], form["agree"] == "yes");
        if (person is null) return new(null, 422, fault);
        if (!DateTimeOffset.TryParseExact(form["slot"], "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)) return new(null, 422, "请选择时段。");
        for (var attempt = 1; ; attempt++)
        {
            try { return await db.InTransaction(tx => Hold(tx, code, at, person, vault), ct); }
            catch (PostgresException e) when (e.ConstraintName is "slot_never_overbooked") { return Full; }
            // A twin came first: it is read now.
            catch (PostgresException e) when (e.ConstraintName is "provisional_phone_once" or "provisional_reference_once" && attempt < 3) { }
        }
    }

    private static Outcome Full => new(null, 409, "该时段已约满，请选择其他时段。");

    private static async Task<Outcome> Hold(Transaction tx, string code, DateTimeOffset at, ProvisionalPerson person, Vault vault)
    {
        var index = ProvisionalRow.IndexOf(vault, person.Phone);
        var (drive, venue, channel, slot, known) = await tx.Read($"""
            select d.id, d.status, d.procedures, d.station_id from event.drive d where d.id = (select drive_id from event.code where code = @code) for share;
            select d.venue_name as name, d.venue_address as address from event.code c join event.drive d on d.id = c.drive_id where c.code = @code;
            select channel from event.code where code = @code;
            select {BookingFacts.SlotColumns} from event.code c join event.slot s on s.drive_id = c.drive_id where c.code = @code and s.starts_at = @at;
            {BookingFacts.PlacesRules};
            {ProvisionalRow.Select} join event.code c on c.drive_id = p.drive_id where c.code = @code and p.status = 'held' and p.phone_index = @index
            """, new { code, at, index }, async grid =>
        {
            var drive = await grid.ReadSingleOrDefaultAsync<BookingDriveRow>();
            var venue = await grid.ReadSingleOrDefaultAsync<Venue>();
            var channel = await grid.ReadSingleOrDefaultAsync<string>();
            var place = await grid.ReadSingleOrDefaultAsync<BookableSlot>();
            var limits = (await grid.ReadAsync<PlacesRule>()).ToList();
            return (drive, venue, channel, place?.Under(limits), await grid.ReadSingleOrDefaultAsync<ProvisionalRow>());
        });
        // The same form sent again is answered as before: a page without scripts is reloaded. Whoever knows but the number learns no reference.
        if (known is not null && known.HeldUntil > tx.Now)
            return slot is not null && known.SlotStartsAt == at && known.Who(vault) == person ? new(new(known.Reference, slot, venue!)) : new(null, 409, "此手机号已预留过本次活动的名额，每个手机号限一个。");
        if (drive is null) return new(null, 404);
        if (Booking.SlotForbids(drive.Bookable, slot, "booking", tx.Now) is { } no)
            return no.Problem == Problems.SlotFull ? Full : no.Problem == Problems.DriveNotOpen ? new(null, 409, "活动当前不接受预约。") : new(null, 422, "该时段不存在或已结束，请重新选择。");
        if (known is not null) return new(null, 409, "请稍后再试。"); // of a slot that has just ended: the sweep is about to take it

        var row = new ProvisionalRow { Id = tx.NewId(), Version = 1, DriveId = drive.Id, SlotStartsAt = slot!.StartsAt, HeldUntil = slot.EndsAt, Channel = channel!, Reference = ProvisionalRow.NewReference(), Status = "held", CreatedAt = tx.Now };
        var content = ProvisionalRow.Seal(vault.CreateKey(tx, row.Id), person);
        tx.Write("""
            insert into event.provisional_booking (id, version, drive_id, slot_starts_at, held_until, channel, reference, content, phone_index, status, created_at)
            values (@Id, @Version, @DriveId, @SlotStartsAt, @HeldUntil, @Channel, @Reference, @content, @index, @Status, @CreatedAt)
            """, new { row.Id, row.Version, row.DriveId, row.SlotStartsAt, row.HeldUntil, row.Channel, row.Reference, content, index, row.Status, row.CreatedAt });
        tx.Write(BookingFacts.HoldPlace, new { row.DriveId, row.SlotStartsAt, places = slot.PlacesFor("booking"), all = slot.AllPlacesFor("booking") });
        return new(new(row.Reference, slot, venue!));
    }
}

/// <summary>Twenty tries a minute for each address, per process: whole classes sit behind one, and a place held for nobody is a place less.</summary>
internal sealed class HoldAttempts : IDisposable
{
    private readonly PartitionedRateLimiter<string> limiter = PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetFixedWindowLimiter(address, _ => new FixedWindowRateLimiterOptions { PermitLimit = 20, Window = TimeSpan.FromMinutes(1) }));

    public bool MayTry(HttpContext http)
    {
        // As the limit for all requests: the gateway says who talks to it.
        var address = http.Request.Headers["X-Real-IP"].ToString() is { Length: > 0 } said ? said : http.Connection.RemoteIpAddress?.ToString() ?? "";
        using var lease = limiter.AttemptAcquire(address);
        return lease.IsAcquired;
    }

    public void Dispose() => limiter.Dispose();
}
