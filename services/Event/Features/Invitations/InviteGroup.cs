using System.Globalization;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Rules;
using CsvHelper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>One who is invited; what is wrong with a row is said of that row.</summary>
public sealed record RosterRowRequest(string? Name = null, string? MemberNumber = null, string? Group = null, string? Phone = null, string? SlotStartsAt = null);

/// <summary>Whom an organiser invites to a drive. A row with `slotStartsAt` keeps a place there.</summary>
/// <param name="ClaimBy">Until then places are kept and codes are good.</param>
/// <param name="Reserve">How many rows without a slot of their own keep a place too, the first rows in the first slots that have one. All of them or none.</param>
public sealed record InviteGroupRequest(IReadOnlyList<RosterRowRequest> Rows, DateTimeOffset ClaimBy, [property: System.ComponentModel.DataAnnotations.Range(0, 1000)] int Reserve = 0);

/// <summary>What became of a row; `claimCode` is shown here and never again.</summary>
/// <param name="Status">`accepted`, `duplicate`, `unreadable` or `rejected`.</param>
/// <param name="Id">The invitation's.</param>
public sealed record InvitedRowView(int Index, string Status, string? Code, Guid? Id, string? Name, string? Group, DateTimeOffset? SlotStartsAt, string? ClaimCode);

public sealed record GroupInvitedView(Guid Id, Guid DriveId, DateTimeOffset ClaimBy, int Accepted, int Rejected, IReadOnlyList<InvitedRowView> Items);

/// <summary>
/// POST /v1/drives/{id}/group-bookings: an organiser's roster as JSON, as text/csv with a heading (name, memberNumber, group, phone, slotStartsAt), or as the list that a
/// class wrote in its WeChat group (text/plain); with text `claimBy` and `reserve` stand in the query. Each row stands by itself. With Accept: text/csv the answer is a list to hand out.
/// </summary>
public static class InviteGroup
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/drives/{id:guid}/group-bookings", (Guid id, InviteGroupRequest request, HttpRequest http, Caller caller, Database db, Vault vault, CancellationToken ct) =>
                Handle(id, [.. request.Rows.Select(r => new RosterLine(r.Name, r.MemberNumber, r.Group, r.Phone, r.SlotStartsAt))], request.ClaimBy, request.Reserve, http, caller, db, vault, ct))
            .Allow("drives", Roles.Station, Roles.Organiser).Creates()
            .WithSummary("Invites the members of a roster").WithDescription("Also text/csv with a heading (name, memberNumber, group, phone, slotStartsAt) or a pasted list as text/plain, with ?claimBy=&reserve=. With Accept: text/csv the codes come as a list to hand out");
        app.MapPost("/v1/drives/{id:guid}/group-bookings", FromText)
            .Allow("drives", Roles.Station, Roles.Organiser).Accepts<string>("text/csv", "text/plain").Creates().ExcludeFromDescription();
    }

    private static async Task<IResult> FromText(Guid id, DateTimeOffset claimBy, int? reserve, HttpRequest http, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if (reserve is < 0 or > Roster.MostRows) return CommonProblems.Invalid.With(null, new FieldError("reserve", "out_of_range", "From 0 to 1000"));
        string text;
        try
        {
            using var reader = new StreamReader(http.Body, new UTF8Encoding(false, throwOnInvalidBytes: true));
            text = await reader.ReadToEndAsync(ct);
        }
        catch (DecoderFallbackException) { return Problems.RosterUnreadable.With("Not UTF-8"); }
        if (http.ContentType!.StartsWith("text/plain", StringComparison.OrdinalIgnoreCase)) return await Handle(id, Roster.FromPaste(text), claimBy, reserve ?? 0, http, caller, db, vault, ct);
        return FromCsv(text) is { } lines ? await Handle(id, lines, claimBy, reserve ?? 0, http, caller, db, vault, ct) : Problems.RosterUnreadable.With("Not readable as CSV with a heading that has name");
    }

    private static async Task<IResult> Handle(Guid id, IReadOnlyList<RosterLine> lines, DateTimeOffset claimBy, int reserve, HttpRequest http, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if (lines.Count == 0) return Problems.RosterUnreadable.With("There is no row");
        if (lines.Count > Roster.MostRows) return Problems.RosterUnreadable.With($"At most {Roster.MostRows} rows at once");
        var rows = Roster.Judge(lines);
        var indexes = rows.Where(r => r.Status == "accepted").ToDictionary(r => r.Index, r => InvitationRow.IndexOf(vault, id, r.Member!));
        return await db.InTransaction<IResult>(async tx =>
        {
            // One roster of a drive after the other: two that name the same person at once find each other. Slots in their order, as everybody who takes more than one.
            var (drive, slots, known) = await tx.Read($"""
                select 1 from pg_advisory_xact_lock(hashtextextended('event.group-booking/' || @id, 0));
                {DriveRow.ById} for share of d;
                select 1 from event.slot where drive_id = @id order by starts_at for update;
                select {BookingFacts.SlotColumns} from event.slot s where s.drive_id = @id order by s.starts_at;
                {BookingFacts.PlacesRules};
                select member_index from event.invitation where drive_id = @id and status <> 'lapsed' and member_index = any(@indexes)
                """, new { id, indexes = indexes.Values.ToArray() }, async grid =>
            {
                await grid.ReadAsync<int>();
                var row = await grid.ReadSingleOrDefaultAsync<DriveRow>();
                await grid.ReadAsync<int>();
                var places = (await grid.ReadAsync<BookableSlot>()).ToList();
                var limits = (await grid.ReadAsync<PlacesRule>()).ToList();
                return (row, places.ConvertAll(s => s.Under(limits)), (await grid.ReadAsync<byte[]>()).Select(Convert.ToHexString).ToHashSet());
            });
            if (drive is null) return CommonProblems.Unknown(id);
            if (!drive.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (drive.Status is not ("approved" or "open" or "started") || drive.EndsAt <= tx.Now) return Problems.DriveNotOpen.With($"The drive is {(drive.EndsAt <= tx.Now ? "over" : drive.Status)}");
            if (claimBy <= tx.Now || claimBy > drive.EndsAt) return Problems.ClaimByTooLate.With(null, new FieldError("/claimBy", "outside", "Between now and the drive's end"));

            var free = slots.Where(s => s.StartsAt > tx.Now && !s.Awaited).ToDictionary(s => s.StartsAt, s => s.Places - s.Booked - s.Held);
            var judged = rows.Select(r => r.Status != "accepted" ? r
                : known.Contains(Convert.ToHexString(indexes[r.Index])) ? r with { Status = "duplicate", Code = Problems.MemberAlreadyInvited.Code, SlotStartsAt = null }
                : r.SlotStartsAt is { } wished && Place(wished, slots, free, tx.Now) is { } no ? r with { Status = "rejected", Code = no.Code, SlotStartsAt = null }
                : r).ToList();
            var left = reserve;
            for (var i = 0; i < judged.Count && left > 0; i++)
            {
                if (judged[i] is not { Status: "accepted", SlotStartsAt: null }) continue;
                if (free.Where(f => f.Value > 0).OrderBy(f => f.Key).Select(f => (DateTimeOffset?)f.Key).FirstOrDefault() is not { } start)
                    return Problems.SlotFull.With($"{reserve - left} places are free, {reserve} were to be reserved", new FieldError("/reserve", "too_many", "No more than are free"));
                free[start]--;
                left--;
                judged[i] = judged[i] with { SlotStartsAt = start };
            }
            var accepted = judged.FindAll(r => r.Status == "accepted");
            if (accepted.Count == 0) return Problems.RosterUnreadable.With(null, [.. judged.Take(100).Select(r => new FieldError($"/rows/{r.Index}", r.Code!, "Not invited"))]);

            var group = tx.NewId();
            var key = vault.CreateKey(tx, group);
            var invited = accepted.ConvertAll(r => (Row: r, Id: tx.NewId(), Code: InvitationRow.NewCode(vault)));
            tx.Write("insert into event.group_booking (id, version, drive_id, claim_by, rows, status, created_at) values (@group, 1, @id, @claimBy, @Count, 'open', @now)", new { group, id, claimBy, accepted.Count, now = tx.Now });
            var kept = invited.FindAll(i => i.Row.SlotStartsAt is not null);
            tx.Write("""
                insert into event.invitation (id, version, group_booking_id, drive_id, row, content, member_index, code_hash, slot_starts_at, status)
                select r.id, 1, @group, @drive, r.row, r.content, r.member_index, r.code_hash, p.slot_starts_at, 'invited'
                from unnest(@ids, @rows, @contents, @members, @codes) as r(id, row, content, member_index, code_hash) left join unnest(@keptIds, @keptSlots) as p(id, slot_starts_at) on p.id = r.id
                """, new
            {
                group, drive = id, ids = invited.Select(i => i.Id).ToArray(), rows = invited.Select(i => i.Row.Index).ToArray(), contents = invited.Select(i => InvitationRow.Seal(key, i.Row.Member!)).ToArray(),
                members = invited.Select(i => indexes[i.Row.Index]).ToArray(), codes = invited.Select(i => i.Code.Hash).ToArray(), keptIds = kept.Select(i => i.Id).ToArray(), keptSlots = kept.Select(i => i.Row.SlotStartsAt!.Value).ToArray(),
            }, rows: invited.Count);
            foreach (var slot in kept.GroupBy(k => k.Row.SlotStartsAt!.Value).OrderBy(s => s.Key))
                tx.Write("update event.slot set held = held + @n where drive_id = @id and starts_at = @startsAt", new { id, startsAt = slot.Key, n = slot.Count() });
            tx.Audit("group-booking.invite", $"group-booking/{group}", new { driveId = id, rows = judged.Count, accepted = accepted.Count, kept = kept.Count });

            var ids = invited.ToDictionary(i => i.Row.Index, i => (i.Id, i.Code.Code));
            var items = judged.ConvertAll(r => new InvitedRowView(r.Index, r.Status, r.Code, ids.TryGetValue(r.Index, out var made) ? made.Id : null, r.Member is { } member ? Mask.Name(member.Name) : null, r.Member?.Group,
                r.SlotStartsAt is { } at ? Shanghai.Local(at) : null, ids.TryGetValue(r.Index, out made) ? made.Code : null));
            return http.Headers.Accept.ToString().StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) ? TypedResults.Text(ToCsv(items), "text/csv; charset=utf-8", null, 201)
                : Answers.Created($"/v1/group-bookings/{group}", 1, new GroupInvitedView(group, id, claimBy, accepted.Count, judged.Count - accepted.Count, items));
        }, ct);
    }

    /// <summary>Takes a place of the slot that a row names, from what is free.</summary>
    private static ProblemCode? Place(DateTimeOffset wished, List<BookableSlot> slots, Dictionary<DateTimeOffset, int> free, DateTimeOffset now)
    {
        if (slots.Find(s => s.StartsAt == wished) is not { } slot) return Problems.SlotUnknown;
        if (slot.StartsAt <= now) return Problems.SlotOver;
        if (free.GetValueOrDefault(wished) <= 0) return Problems.SlotFull;
        free[wished]--;
        return null;
    }

    private static List<RosterLine>? FromCsv(string text)
    {
        try
        {
            using var csv = CsvReader.FromText(text.TrimStart('\uFEFF'), Format);
            csv.ReadHeader();
            string[] headings = [.. csv.Headers.Select(h => h.Trim().ToUpperInvariant())];
            if (!headings.Contains("NAME")) return null;
            var lines = new List<RosterLine>();
            while (csv.Read() && lines.Count <= Roster.MostRows) lines.Add(new(Field("NAME"), Field("MEMBERNUMBER"), Field("GROUP"), Field("PHONE"), Field("SLOTSTARTSAT")));
            return lines;

            string? Field(string name) => Array.IndexOf(headings, name) is >= 0 and var i && i < csv.FieldCount ? csv.GetStringOrNull(i) : null;
        }
        catch (Exception e) when (e is CsvFormatException or InvalidOperationException) { return null; }
    }

    // No value of a row may come into an exception, and from there into a log.
    private static readonly CsvReaderOptions Format = new() { Separator = ',', HasHeader = true, TrimWhitespace = true, SkipEmptyLines = true, IncludeValuesInExceptions = false, MalformedData = CsvMalformedDataHandling.Throw, FieldCountMismatch = CsvFieldCountHandling.Allow };

    /// <summary>A list to cut into slips. Nothing in it begins with a sign that a spreadsheet would calculate with.</summary>
    private static string ToCsv(List<InvitedRowView> items)
    {
        var csv = new StringBuilder("index,status,code,name,group,slotStartsAt,claimCode\r\n");
        foreach (var i in items) csv.Append(CultureInfo.InvariantCulture, $"{i.Index},{i.Status},{i.Code},{Quoted(i.Name)},{Quoted(i.Group)},{i.SlotStartsAt:yyyy-MM-dd'T'HH:mm:sszzz},{i.ClaimCode}\r\n");
        return csv.ToString();
    }

    private static string Quoted(string? text) => text is null ? "" : $"\"{(text[0] is '=' or '+' or '-' or '@' ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
