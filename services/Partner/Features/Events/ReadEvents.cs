using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Events;

/// <summary>
/// An event in the form of CloudEvents 1.0. <c>subject</c> is the aggregate whose order is kept (the contract's key); to a reader
/// who is not told donors, an event of a donor bears the donation's number instead, or nothing.
/// </summary>
public sealed record CloudEvent(string Specversion, Guid Id, string Source, string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Subject,
    DateTimeOffset Time, string Datacontenttype, long Sequence, JsonObject Data);

/// <param name="Next">Where to read on at once because more is there; null at the end. Then wait, and read on after <paramref name="Through"/>.</param>
/// <param name="Through">The answer is complete up to this position: nothing at or before it will ever be added.</param>
public sealed record EventPage(IReadOnlyList<CloudEvent> Items, long? Next, long Through);

/// <summary>
/// GET /v1/events: the public feed from a position on, of what is the caller's (see <see cref="FeedReaders"/>). With <c>wait</c> the
/// answer comes as soon as there is something, holding no connection to the database meanwhile.
/// </summary>
public static class ReadEvents
{
    private const int LongestWait = 60;
    // One statement looks at so many positions at most; a reader of whom few events are goes on to the next ones in the same request.
    private const int Window = 20_000;
    private static readonly Dictionary<string, string> Names = EventTypes.All.ToDictionary(e => e.PublicName, e => e.Type.Name);
    private static readonly TimeSpan LongestSearch = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/events", Handle)
        .Allow("events", Roles.All)
        .WithSummary("The event feed from a position on").WithDescription("after: a position; types: comma-separated names; limit: at most 1,000; wait: seconds to wait for something new, at most 60");

    private static async Task<Results<Ok<EventPage>, ProblemHttpResult>> Handle(HttpContext http, Caller caller, Database db, FeedHead head, IHostApplicationLifetime host,
        [Range(0L, long.MaxValue)] long after = 0, string? types = null, int? limit = null, [Range(0, 3600)] int wait = 0)
    {
        var asked = (types ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (asked.FirstOrDefault(a => !EventTypes.All.Any(e => e.PublicName == a)) is { } unknown)
            return CommonProblems.Invalid.With(null, new FieldError("/types", "unknown", $"{unknown} is no event of this platform; /asyncapi.json lists them"));

        var filter = new Filter(caller, [.. EventTypes.All.Where(e => FeedReaders.MayRead(caller.Role, e.Type.Name) && (asked.Length == 0 || asked.Contains(e.PublicName))).Select(e => e.PublicName)], Answers.Limit(limit));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.ApplicationStopping);
        var clock = TimeProvider.System;
        var (started, patience) = (clock.GetTimestamp(), TimeSpan.FromSeconds(Math.Min(wait, LongestWait)));
        while (true)
        {
            var (items, next, through) = await Read(db, filter, after, http.RequestAborted);
            if (through < after) return Problems.FeedPositionAhead.With($"The feed ends at {through}");
            var left = patience - clock.GetElapsedTime(started);
            if (items.Count > 0 || next is not null || left <= TimeSpan.Zero || host.ApplicationStopping.IsCancellationRequested)
                return TypedResults.Ok(new EventPage([.. items.Select(row => row.As(caller))], next, through));
            after = through; // looked at already
            try { await head.WaitBeyond(through, left, stop.Token); }
            catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested) { /* the service stops: answer with what there is */ }
        }
    }

    private static async Task<(List<Row> Items, long? Next, long Through)> Read(Database db, Filter filter, long after, CancellationToken ct)
    {
        // What makes an event the caller's own. Nothing here is true of a null: what can't be proved is not shown.
        var own = filter.Caller.Role switch
        {
            Roles.Admin => "true",
            Roles.Authority => "f.district = any(@districts)",
            Roles.Station => "f.station_id = @tenant",
            Roles.Organiser => "exists (select from partner.organisation o where o.id = f.organisation_id and @tenant = any(o.path))",
            // Of who asked for erasure an app reads that and nothing else, not even the past.
            Roles.App => "exists (select from partner.donor d where d.id in (f.donor_id, f.person_id) and @tenant = any(d.apps) and (not d.erased or f.type = 'blood-platform.donor-erased'))",
            Roles.Hospital => "f.hospital_id = @tenant",
            _ => "false",
        };
        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();
        for (var from = after; ; from += Window)
        {
            var to = from > long.MaxValue - Window ? long.MaxValue : from + Window;
            // The head is read in the same statement, so the answer is complete up to it.
            var rows = await db.Query<Row>($"""
                select h.last, f.sequence, f.event_id, f.source, f.type, f.subject, f.occurred_at, f.data, f.donor_id, f.din
                from partner.feed_head h left join lateral (
                    select f.sequence, f.event_id, f.source, f.type, f.subject, f.occurred_at, f.data::text, f.donor_id, f.din
                    from partner.feed_item f where f.sequence > @from and f.sequence <= @to and f.type = any(@types) and {own}
                    order by f.sequence limit @limit + 1) f on true
                order by f.sequence
                """, new { from, to, types = filter.Types, limit = filter.Limit, tenant = filter.Caller.TenantId, districts = filter.Caller.Districts.ToArray() }, ct);
            var last = rows[0].Last;
            if (rows[0].Sequence is null) rows.Clear();
            if (rows.Count > filter.Limit)
            {
                rows.RemoveAt(filter.Limit);
                return (rows, rows[^1].Sequence, rows[^1].Sequence!.Value);
            }
            if (to >= last) return (rows, null, last);
            if (rows.Count > 0 || clock.GetElapsedTime(started) > LongestSearch) return (rows, to, to);
        }
    }

    private sealed record Filter(Caller Caller, string[] Types, int Limit);

    private sealed record Row(long Last, long? Sequence, Guid? EventId, string? Source, string? Type, string? Subject, DateTimeOffset? OccurredAt, string? Data, Guid? DonorId, string? Din)
    {
        public CloudEvent As(Caller reader)
        {
            var (data, subject) = ((JsonObject)JsonNode.Parse(Data!)!, Subject);
            if (!FeedReaders.SeesDonors(reader.Role))
            {
                string[] donors = DonorId is { } donor ? [donor.ToString()] : [];
                data = FeedReaders.WithoutDonors(data, donors);
                if (donors.Contains(subject, StringComparer.OrdinalIgnoreCase)) subject = Din;
            }
            foreach (var field in FeedReaders.Withheld(reader.Role, Source!, Names[Type!])) data.Remove(field);
            if (reader.Is(Roles.App) && data["reasonCode"] is { } why && !FeedReaders.MayTellApp((string?)why)) data.Remove("reasonCode");
            return new("1.0", EventId!.Value, $"blood-platform/{Source}", Type!, subject, OccurredAt!.Value, "application/json", Sequence!.Value, data);
        }
    }
}
