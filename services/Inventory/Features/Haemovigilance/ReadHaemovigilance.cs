using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Haemovigilance;

/// <summary>A reaction to a transfused bag. It names no patient: that is the hospital's half.</summary>
public sealed record ReactionView
{
    public Guid Id { get; init; }
    public Guid UnitId { get; init; }
    public string Din { get; init; } = "";
    public string Component { get; init; } = "";
    public string? BloodGroup { get; init; }
    public Guid HospitalId { get; init; }
    public string Kind { get; init; } = "";

    /// <summary>1 slight, 2 severe, 3 a danger to life, 4 death.</summary>
    public int Severity { get; init; }
    public string Imputability { get; init; } = "";
    public DateTimeOffset OnsetAt { get; init; }

    /// <summary>Whether what was left of the donation was held for it.</summary>
    public bool Held { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
}

/// <param name="Reactions">Transfused bags with a reaction whose last judgement does not exclude the blood.</param>
/// <param name="ReactionsPerThousand">Of the bags transfused; null without any.</param>
/// <param name="TransmittedInfections">Bags whose last judgement is an infection that the blood probably or surely brought.</param>
/// <param name="LookbacksCompleted">Of those opened in the period; the hospital reads its own reactions and no look-backs.</param>
public sealed record HaemovigilanceFigures(DateOnly From, DateOnly To, long Transfused, long WithAlarm, long Reactions, decimal? ReactionsPerThousand, long SevereReactions, long TransmittedInfections, long? LookbacksOpened, long? LookbacksCompleted);

/// <summary>
/// GET /v1/haemovigilance/reactions and /figures: the register of reactions to the station's blood, or of those the hospital reported, and what is computed from it. Of a bag
/// that was judged several times the last judgement counts.
/// </summary>
public static class ReadHaemovigilance
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/haemovigilance/reactions", Reactions).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Reactions to the station's blood, or those the hospital reported, as they were recorded");
        app.MapGet("/v1/haemovigilance/figures", Figures).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Transfusions, reactions, transmitted infections and look-backs of a period, counted");
    }

    private static async Task<Results<Ok<Page<ReactionView>>, ProblemHttpResult>> Reactions(int? limit, string? cursor, Caller caller, Database db, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        var rows = await db.Query<ReactionView>($"""
            select r.id, r.unit_id, r.din, u.component, u.blood_group, r.hospital_id, r.kind, r.severity, r.imputability, r.onset_at, r.held, r.recorded_at
            from inventory.transfusion_reaction r join inventory.unit u on u.id = r.unit_id where r.{Side(caller)} = @Tenant and r.id > @after order by r.id limit @take + 1
            """, new { caller.Tenant, after, take }, ct);
        return TypedResults.Ok(Page<ReactionView>.From(rows, take, r => r.Id.ToString()));
    }

    private static async Task<Results<Ok<HaemovigilanceFigures>, ProblemHttpResult>> Figures(DateOnly? from, DateOnly? to, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var last = to ?? Shanghai.DateOf(clock.GetUtcNow());
        var first = from ?? new DateOnly(last.Year, 1, 1);
        if (first > last) return CommonProblems.Invalid.With(null, new FieldError("/from", "invalid", "It lies after to"));
        var n = (await db.QuerySingle<Counted>($"""
            select t.transfused, t.with_alarm, t.reactions, t.severe, t.infections, l.opened, l.completed from (
                select count(*) as transfused, count(*) filter (where t.alarms <> '{"{}"}') as with_alarm, count(*) filter (where r.imputability <> 'excluded') as reactions,
                       count(*) filter (where r.imputability <> 'excluded' and r.severity >= 2) as severe,
                       count(*) filter (where r.kind in ('bacterial', 'transmitted-infection') and r.imputability in ('probable', 'definite')) as infections
                from inventory.transfusion t join inventory.unit u on u.id = t.unit_id
                  left join lateral (select r.kind, r.severity, r.imputability from inventory.transfusion_reaction r where r.transfusion_id = t.id order by r.id desc limit 1) r on true
                where {(caller.Is(Roles.Hospital) ? "t.hospital_id" : "u.station_id")} = @Tenant and t.transfused_at >= @since and t.transfused_at < @until) t
            cross join (select count(*) as opened, count(*) filter (where closed_at is not null) as completed from inventory.lookback where station_id = @Tenant and opened_at >= @since and opened_at < @until) l
            """, new { caller.Tenant, since = Shanghai.StartOf(first), until = Shanghai.StartOf(last.AddDays(1)) }, ct))!;
        var station = !caller.Is(Roles.Hospital);
        return TypedResults.Ok(new HaemovigilanceFigures(first, last, n.Transfused, n.WithAlarm, n.Reactions, n.Transfused == 0 ? null : Math.Round(1000m * n.Reactions / n.Transfused, 2), n.Severe, n.Infections, station ? n.Opened : null, station ? n.Completed : null));
    }

    private static string Side(Caller caller) => caller.Is(Roles.Hospital) ? "hospital_id" : "station_id";

    private sealed record Counted
    {
        public long Transfused { get; init; }
        public long WithAlarm { get; init; }
        public long Reactions { get; init; }
        public long Severe { get; init; }
        public long Infections { get; init; }
        public long Opened { get; init; }
        public long Completed { get; init; }
    }
}
