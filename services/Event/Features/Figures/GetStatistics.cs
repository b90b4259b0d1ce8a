using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Figures;

/// <summary>
/// A year per district or organisation: what the platform counted, beside what was reported. The two are never mixed into one number.
/// </summary>
public sealed record StatisticsView(string By, int Year, IReadOnlyList<SubjectStatistics> Items);

/// <param name="Counted">Collections of the year, from the platform's own rows; a city's are those of its districts, an organisation's those of all that stood below it on their day.</param>
/// <param name="Reported">Figures whose period touches the year, as reported.</param>
/// <param name="ImpliedByNextYear">What a figure of the next year, by its year-on-year rate, implies for this one.</param>
/// <param name="ReportedDistricts">Of a city: what its districts reported for exactly this year, and what is left of the city's own reported figure.</param>
public sealed record SubjectStatistics(FigureSubject Subject, CountedFigures Counted, CountedFigures CountedPreviousYear, decimal? CountedYearOnYearPercent,
    IReadOnlyList<FigureView> Reported, IReadOnlyList<ImpliedFigure> ImpliedByNextYear, ReportedParts? ReportedDistricts);

public sealed record CountedFigures(int Donations, long VolumeMl, int TreatmentUnits, int FirstTime)
{
    public static readonly CountedFigures None = new(0, 0, 0, 0);

    public static CountedFigures operator +(CountedFigures a, CountedFigures b) => new(a.Donations + b.Donations, a.VolumeMl + b.VolumeMl, a.TreatmentUnits + b.TreatmentUnits, a.FirstTime + b.FirstTime);
}

public sealed record ImpliedFigure(Guid FigureId, long VolumeMl, long AtLeastMl, long AtMostMl);

public sealed record ReportedParts(int Districts, long VolumeMl, long? RemainderMl, decimal? SharePercent);

/// <summary>GET /v1/statistics?by=district|organisation&amp;year=</summary>
public static class GetStatistics
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/statistics", Handle)
        .Allow("statistics", Roles.Station, Roles.Authority, Roles.Admin)
        .WithSummary("A year by district or organisation: counted beside reported");

    private static async Task<Results<Ok<StatisticsView>, ProblemHttpResult>> Handle(string by, int year, Caller caller, Database db, CancellationToken ct)
    {
        if (by is not ("district" or "organisation")) return CommonProblems.Invalid.With(null, new FieldError("/by", "unknown", "One of: district, organisation"));
        if (year is < 1949 or > 9998) return CommonProblems.Invalid.With(null, new FieldError("/year", "out_of_range", "A calendar year"));

        // A station counts its own collections; an authority those of its districts.
        var counted = await db.Query<CountRow>("""
            select x.code, x.organisation_id, x.year, count(*)::int as donations, coalesce(sum(n.collected_ml), 0)::bigint as volume_ml,
                   coalesce(sum(n.treatment_units), 0)::int as treatment_units, count(*) filter (where n.first_time)::int as first_time
            from event.donation n
            left join event.organisation_placement o on @byOrganisation and o.organisation_id = n.organiser_id and o.valid_from <= n.donated_on and o.valid_to > n.donated_on
            cross join lateral (
                select n.district as code, null::uuid as organisation_id, extract(year from n.donated_on)::int as year where not @byOrganisation
                union all select null, above, extract(year from n.donated_on)::int from unnest(o.path) as above where @byOrganisation) x
            where not n.voided and n.donated_on between @from and @to and (@station::uuid is null or n.station_id = @station) and (not @limited or exists (select from unnest(@districts) a where n.district like regexp_replace(a, '(00)+$', '') || '%'))
            group by 1, 2, 3
            """, new
            {
                byOrganisation = by == "organisation", from = new DateOnly(year - 1, 1, 1), to = new DateOnly(year, 12, 31), station = caller.Is(Roles.Station) ? caller.TenantId : null,
                limited = caller.Is(Roles.Authority), districts = caller.Districts.ToArray(),
            }, ct);
        var figures = (await db.Query<FigureRow>(FigureRow.Select + """
             where (f.subject_kind = 'organisation') = @byOrganisation and f.period_from <= @until and f.period_to >= @from order by f.id
            """, new { byOrganisation = by == "organisation", from = new DateOnly(year, 1, 1), until = new DateOnly(year + 1, 12, 31) }, ct)).FindAll(f => f.IsVisibleTo(caller)).ConvertAll(f => f.View);
        var names = by == "organisation"
            ? (await db.Query<NameRow>("select id, name from event.organisation where id = any(@ids)", new { ids = counted.Select(c => c.OrganisationId).OfType<Guid>().Distinct().ToArray() }, ct)).ToDictionary(n => n.Id, n => n.Name) : [];

        var subjects = figures.Select(f => f.Subject)
            .Concat(counted.Select(c => by == "district" ? new FigureSubject("district", c.Code, null, null) : new FigureSubject("organisation", null, c.OrganisationId, names.GetValueOrDefault(c.OrganisationId!.Value))))
            .GroupBy(KeyOf).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.First());
        return TypedResults.Ok(new StatisticsView(by, year, [.. subjects.Select(subject =>
        {
            CountedFigures In(int of) => counted.Where(c => c.Year == of && (by == "district" ? c.Code is not null && Districts.Within(subject.Code ?? "", c.Code) : c.OrganisationId is not null && c.OrganisationId == subject.OrganisationId))
                .Aggregate(CountedFigures.None, (sum, c) => sum + new CountedFigures(c.Donations, c.VolumeMl, c.TreatmentUnits, c.FirstTime));
            var (now, before) = (In(year), In(year - 1));
            var own = figures.FindAll(f => KeyOf(f.Subject) == KeyOf(subject));
            var reported = own.FindAll(f => f.Period!.From.Year <= year);
            return new SubjectStatistics(subject, now, before, Rules.Figures.YearOnYear(before.VolumeMl, now.VolumeMl), reported,
                [.. own.Where(f => f.ImpliedPreviousYear?.Year == year).Select(f => new ImpliedFigure(f.Id, f.ImpliedPreviousYear!.VolumeMl, f.ImpliedPreviousYear.AtLeastMl, f.ImpliedPreviousYear.AtMostMl))],
                subject.Kind == "city" ? PartsOf(subject, reported, figures, year) : null);
        })]));
    }

    private static ReportedParts PartsOf(FigureSubject city, List<FigureView> ownFigures, List<FigureView> figures, int year)
    {
        // One figure per district: where two sources speak, the first recorded.
        var parts = figures.Where(f => f.Subject.Kind == "district" && f.Period!.Year == year && f.Figures.VolumeMl is not null && Districts.Within(city.Code!, f.Subject.Code!)).GroupBy(f => f.Subject.Code).Select(g => g.First().Figures.VolumeMl!.Value).ToArray();
        var whole = ownFigures.Find(f => f.Period!.Year == year && f.Figures.VolumeMl is not null)?.Figures.VolumeMl;
        return new(parts.Length, parts.Sum(), whole - parts.Sum(), whole is > 0 ? Math.Round(100m * parts.Sum() / whole.Value, 1) : null);
    }

    private static string KeyOf(FigureSubject s) => $"{s.Kind}:{s.Code ?? s.OrganisationId?.ToString() ?? s.Name}";

    private sealed record CountRow(string? Code, Guid? OrganisationId, int Year, int Donations, long VolumeMl, int TreatmentUnits, int FirstTime);

    private sealed record NameRow(Guid Id, string Name);
}
