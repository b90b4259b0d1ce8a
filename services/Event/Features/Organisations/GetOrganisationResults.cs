using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Figures;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>
/// What the drives of an organisation and of all below it brought: its `own` drives and those of its `children` make the whole. A drive is
/// counted once, for its organiser, where that stood on the drive's day (`countedBy`); so a child that has moved away or come in the
/// period keeps its part on each side, and `moves` says so. `hostedElsewhere` are drives that somebody outside organises with a host or co-organiser
/// from here: they are in no sum. `target` is the one set for exactly from and to, null without. With `area=true` the whole is
/// everything the body is responsible for, itself included, again each drive once; it has no children.
/// For an organiser: collected figures of closed drives only,
/// and a drive that brought fewer than 5 counts nothing (field policy: groups of fewer than five are hidden). Not the sum is looked at but each drive:
/// the difference of two sums, of a longer and a shorter time, would show what neither does.
/// </summary>
public sealed record OrganisationResultsView(Guid OrganisationId, DateOnly? From, DateOnly? To, int Drives, int SignedUp, int Attended, int? Collected, long? VolumeMl, int? TreatmentUnits,
    TargetFigures? Target, string CountedBy, ResultFigures? Own, IReadOnlyList<ChildResultsView> Children, ResultFigures? HostedElsewhere, IReadOnlyList<MovedView> Moves);

/// <summary>The share of one organisation directly below, with all below it. `present` is false where it has moved away since.</summary>
public sealed record ChildResultsView(Guid OrganisationId, string Name, int Drives, int SignedUp, int Attended, int? Collected, long? VolumeMl, int? TreatmentUnits, TargetFigures? Target, bool Present);

public sealed record ResultFigures(int Drives, int SignedUp, int Attended, int? Collected, long? VolumeMl, int? TreatmentUnits);

/// <summary>A move into, out of or within the subtree during the period.</summary>
public sealed record MovedView(Guid OrganisationId, string Name, DateOnly On, Guid? FromParentId, Guid? ToParentId);

/// <summary>GET /v1/organisations/{id}/results?from=&amp;to=&amp;area=&amp;format=: as CSV a line for the whole, one for its own drives, one for each child and one for what is hosted elsewhere. Only JSON has `moves` and `countedBy`.</summary>
public static class GetOrganisationResults
{
    /// <summary>Fewer donors than this could be recognised.</summary>
    public const int LeastShown = 5;

    /// <summary>What decides where a drive is counted.</summary>
    private const string OrganiserOnTheDay = "organiser-where-it-stood-on-the-day";

    private const string InDistricts = "exists (select from unnest({0}) a where {1} like regexp_replace(a, '(00){{1,2}}$', '') || '%')";

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/organisations/{id:guid}/results", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Results of its drives, rolled up over all below it");

    private static async Task<Results<Ok<OrganisationResultsView>, CsvAnswer, ProblemHttpResult>> Handle(Guid id, DateOnly? from, DateOnly? to, bool? area, string? format, Caller caller, Database db, CancellationToken ct)
    {
        if (CsvAnswer.Refuses(format) is { } unknown) return unknown;
        if (await db.QuerySingle<SeenOrganisation>(SeenOrganisation.ById, new { id, tenant = caller.TenantId }, ct) is not { } organisation) return CommonProblems.Unknown(id);
        if (!organisation.IsSeenBy(caller)) return CommonProblems.NotFound.With();
        var organiser = caller.Is(Roles.Organiser);
        // What a body is responsible for is for itself and those above it to see, not for another body that is responsible for it.
        if (area is true && organiser && !organisation.Path.Contains(caller.Tenant)) return CommonProblems.NotFound.With();
        var asked = new
        {
            id, from, to, organiser, least = LeastShown, station = caller.Is(Roles.Station) ? caller.TenantId : null, limited = caller.Is(Roles.Authority), districts = caller.Districts.ToArray(),
        };
        if (area is true)
        {
            var (all, planned) = await OfArea(asked, db, ct);
            return Answer(View(id, from, to, organiser, all, planned, null, [], null, []), format);
        }

        // Neither waits for the other: two connections, two processors.
        var moving = db.Query<MovedView>("""
            select m.organisation_id, o.name, m.effective_on as "on", m.from_parent_id, m.to_parent_id
            from event.organisation_move m join event.organisation o on o.id = m.organisation_id
            where m.effective_on between coalesce(@from::date, '-infinity') and coalesce(@to::date, 'infinity')
              and exists (select from event.organisation_placement p where p.organisation_id = m.organisation_id and p.path @> array[@id]::uuid[] and m.effective_on in (p.valid_from, p.valid_to))
              and m.organisation_id <> @id
            order by m.effective_on, m.id
            """, new { id, from, to }, ct);
        var counting = db.Query<SumRow>($"""
            with counted as (
                select p.path[array_position(p.path, @id) + 1] as child, false as elsewhere, d.*
                from event.organisation_placement p join event.drive d on d.organisation_id = p.organisation_id and {OnTheDay}
                where p.path @> array[@id]::uuid[] and {Asked}
                union all
                select null, true, d.* from event.drive d
                where d.id in (select d.id from event.organisation_placement p join event.drive d on d.host_organisation_id = p.organisation_id and {OnTheDay} where p.path @> array[@id]::uuid[]
                               union select d.id from event.organisation_placement p join event.drive d
                                   on d.parties @> jsonb_build_array(jsonb_build_object('organisationId', p.organisation_id, 'role', 'co-organiser')) and {OnTheDay} where p.path @> array[@id]::uuid[])
                  and not exists (select from event.organisation_placement p where p.organisation_id = d.organisation_id and {OnTheDay} and p.path @> array[@id]::uuid[]) and {Asked})
            select d.child, d.elsewhere, {Sums} from counted d {Brought} group by 1, 2
            """, asked, ct);
        await Task.WhenAll(moving, counting);
        var (moves, rows) = (await moving, await counting);
        var children = await db.Query<ChildRow>("""
            select o.id, o.name, o.parent_id = @id as present, s.donations, s.volume_ml
            from event.organisation o left join event.target_total s on s.organisation_id = o.id and s.period_from = @from::date and s.period_to = @to::date
            where o.id = @id or o.parent_id = @id or o.id = any(@counted) order by o.name, o.id
            """, new { id, from, to, counted = rows.Select(r => r.Child).OfType<Guid>().ToArray() }, ct);
        return Answer(View(id, from, to, organiser, SumRow.Of(rows.Where(r => !r.Elsewhere)), children.Find(c => c.Id == id)?.Target, SumRow.Of(rows.Where(r => r is { Child: null, Elsewhere: false })).ViewFor(organiser),
            [.. children.Where(c => c.Id != id).Select(c => (Child: c, Sum: SumRow.Of(rows.Where(r => r.Child == c.Id)).ViewFor(organiser))).Select(x => new ChildResultsView(
                x.Child.Id, x.Child.Name, x.Sum.Drives, x.Sum.SignedUp, x.Sum.Attended, x.Sum.Collected, x.Sum.VolumeMl, x.Sum.TreatmentUnits, x.Child.Target, x.Child.Present ?? false))],
            SumRow.Of(rows.Where(r => r.Elsewhere)).ViewFor(organiser), moves), format);
    }

    private static Results<Ok<OrganisationResultsView>, CsvAnswer, ProblemHttpResult> Answer(OrganisationResultsView view, string? format)
    {
        if (format != "csv") return TypedResults.Ok(view);
        object?[] Line(string part, Guid? organisation, string? name, ResultFigures f, TargetFigures? target, bool? present) =>
            [part, organisation, name, f.Drives, f.SignedUp, f.Attended, f.Collected, f.VolumeMl, f.TreatmentUnits, target?.Donations, target?.VolumeMl, present, view.From, view.To];
        var lines = new List<object?[]> { Line("whole", view.OrganisationId, null, new(view.Drives, view.SignedUp, view.Attended, view.Collected, view.VolumeMl, view.TreatmentUnits), view.Target, null) };
        if (view.Own is { } own) lines.Add(Line("own", view.OrganisationId, null, own, null, null));
        lines.AddRange(view.Children.Select(c => Line("child", c.OrganisationId, c.Name, new(c.Drives, c.SignedUp, c.Attended, c.Collected, c.VolumeMl, c.TreatmentUnits), c.Target, c.Present)));
        if (view.HostedElsewhere is { } elsewhere) lines.Add(Line("hostedElsewhere", view.OrganisationId, null, elsewhere, null, null)); // in none of the sums above
        return new CsvAnswer($"results-{view.OrganisationId}.csv", ["part", "organisationId", "name", "drives", "signedUp", "attended", "collected", "volumeMl", "treatmentUnits", "targetDonations", "targetVolumeMl", "present", "from", "to"], lines);
    }

    /// <summary>One row per drive and day: an organiser stands in one place at a time, so no drive is counted twice however the areas overlap.</summary>
    private static async Task<(SumRow, TargetFigures?)> OfArea(object asked, Database db, CancellationToken ct)
    {
        var whole = await db.QuerySingle<SumRow>($"""
            {OwnArea}
            select null::uuid as child, false as elsewhere, {Sums}
            from area, event.drive d {Brought}
            where {Asked} and (exists (select from event.organisation_placement p where p.organisation_id = d.organisation_id and {OnTheDay} and p.path && area.roots) or {string.Format(System.Globalization.CultureInfo.InvariantCulture, InDistricts, "area.codes", "d.district")})
            """, asked, ct);
        var target = await db.QuerySingle<TargetRow>($"""
            {OwnArea}
            select sum(t.donations)::bigint as donations, sum(t.volume_ml)::bigint as volume_ml
            from area, event.target t join event.organisation o on o.id = t.organisation_id
            join event.organisation_placement p on p.organisation_id = t.organisation_id and p.valid_from <= t.period_from and p.valid_to > t.period_from
            where t.period_from = @from::date and t.period_to = @to::date and (p.path && area.roots or {string.Format(System.Globalization.CultureInfo.InvariantCulture, InDistricts, "area.codes", "o.district")})
            """, asked, ct);
        return (whole!, target is { Donations: { } donations, VolumeMl: { } ml } ? new(donations, ml) : null);
    }

    private static OrganisationResultsView View(Guid id, DateOnly? from, DateOnly? to, bool organiser, SumRow whole, TargetFigures? target, ResultFigures? own, IReadOnlyList<ChildResultsView> children, ResultFigures? elsewhere, IReadOnlyList<MovedView> moves)
    {
        var sum = whole.ViewFor(organiser);
        return new(id, from, to, sum.Drives, sum.SignedUp, sum.Attended, sum.Collected, sum.VolumeMl, sum.TreatmentUnits, target, OrganiserOnTheDay, own, children, elsewhere, moves);
    }

    private const string Day = "(d.starts_at at time zone 'Asia/Shanghai')::date";

    private const string OnTheDay = $"p.valid_from <= {Day} and p.valid_to > {Day}";

    /// <summary>The drives that are asked for and that the caller may count.</summary>
    private const string Asked = $$"""
        d.status not in ('draft', 'submitted', 'cancelled')
        and (@station::uuid is null or d.station_id = @station)
        and (not @limited or exists (select from unnest(@districts) a where d.district like regexp_replace(a, '(00){1,2}$', '') || '%'))
        and (@from::date is null or {{Day}} >= @from) and (@to::date is null or {{Day}} <= @to)
        """;

    private const string Brought = """
        left join lateral (select sum(booked + walked_in) as n from event.slot where drive_id = d.id) s on true
        left join event.attended v on v.drive_id = d.id
        left join lateral (select v.donations as collected, v.volume_ml, v.treatment_units where not @organiser or (d.status = 'closed' and v.donations >= @least)) n on true
        """;

    private const string Sums = """
        count(d.id)::int as drives, coalesce(sum(s.n), 0)::int as signed_up, coalesce(sum(v.visits), 0)::int as attended,
        coalesce(sum(n.collected), 0)::int as collected, coalesce(sum(n.volume_ml), 0)::bigint as volume_ml, coalesce(sum(n.treatment_units), 0)::int as treatment_units
        """;

    private const string OwnArea = """
        with area as (select array_agg(r.organisation_id) filter (where r.organisation_id is not null) || @id::uuid as roots, coalesce(array_agg(r.district) filter (where r.district is not null), '{}') as codes
                      from event.responsibility r where r.body_id = @id and r.ends_at is null)
        """;

    private sealed record SumRow
    {
        public Guid? Child { get; init; }
        public bool Elsewhere { get; init; }
        public int Drives { get; init; }
        public int SignedUp { get; init; }
        public int Attended { get; init; }
        public int Collected { get; init; }
        public long VolumeMl { get; init; }
        public int TreatmentUnits { get; init; }

        public static SumRow Of(IEnumerable<SumRow> parts) => parts.Aggregate(new SumRow(), (a, b) => a with
        {
            Drives = a.Drives + b.Drives, SignedUp = a.SignedUp + b.SignedUp, Attended = a.Attended + b.Attended, Collected = a.Collected + b.Collected, VolumeMl = a.VolumeMl + b.VolumeMl, TreatmentUnits = a.TreatmentUnits + b.TreatmentUnits,
        });

        public ResultFigures ViewFor(bool organiser) => new(Drives, SignedUp, Attended,
            !organiser || Collected >= LeastShown ? Collected : null, !organiser || Collected >= LeastShown ? VolumeMl : null, !organiser || Collected >= LeastShown ? TreatmentUnits : null);
    }

    private sealed record TargetRow
    {
        public long? Donations { get; init; }
        public long? VolumeMl { get; init; }
    }

    private sealed record ChildRow
    {
        public required Guid Id { get; init; }
        public required string Name { get; init; }
        public bool? Present { get; init; }
        public long? Donations { get; init; }
        public long? VolumeMl { get; init; }

        public TargetFigures? Target => Donations is { } donations && VolumeMl is { } ml ? new(donations, ml) : null;
    }
}
