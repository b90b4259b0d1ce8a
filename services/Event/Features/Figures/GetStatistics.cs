using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Figures;

/// <summary>
/// A calendar year, or any period, per district or organisation: what the platform counted, beside what was reported. The two are never mixed into one number.
/// </summary>
public sealed record StatisticsView(string By, int? Year, DateOnly From, DateOnly To, IReadOnlyList<SubjectStatistics> Items);

/// <param name="Counted">Collections of the period, from the platform's own rows; a city's are those of its districts, an organisation's those of all that stood below it on their day.</param>
/// <param name="CountedPreviousYear">The same of the same days a year before.</param>
/// <param name="ByNominalMl">Collections of whole blood of the period.</param>
/// <param name="ByChannel">Collections of the period by their booking's channel; `walk-in` without one.</param>
/// <param name="Attendance">Of the drives of the period that were approved and not cancelled.</param>
/// <param name="Reported">Figures whose period touches this one, as reported.</param>
/// <param name="ImpliedByNextYear">What a figure of the next year, by its year-on-year rate, implies for this one; of a calendar year only.</param>
/// <param name="ReportedDistricts">Of a city and a calendar year: what its districts reported for exactly this year, and what is left of the city's own reported figure.</param>
public sealed record SubjectStatistics(FigureSubject Subject, CountedFigures Counted, CountedFigures CountedPreviousYear, decimal? CountedYearOnYearPercent,
    IReadOnlyDictionary<string, int> ByNominalMl, IReadOnlyDictionary<string, int> ByChannel, AttendanceFigures Attendance,
    IReadOnlyList<FigureView> Reported, IReadOnlyList<ImpliedFigure> ImpliedByNextYear, ReportedParts? ReportedDistricts);

/// <param name="Booked">Not cancelled, arrived and missed ones included.</param>
/// <param name="CheckedIn">Visits, walk-ins included.</param>
public sealed record AttendanceFigures(int Drives, int Booked, int CheckedIn, int Deferred);

public sealed record CountedFigures(int Donations, long VolumeMl, int TreatmentUnits, int FirstTime)
{
    public static readonly CountedFigures None = new(0, 0, 0, 0);

    public static CountedFigures operator +(CountedFigures a, CountedFigures b) => new(a.Donations + b.Donations, a.VolumeMl + b.VolumeMl, a.TreatmentUnits + b.TreatmentUnits, a.FirstTime + b.FirstTime);
}

public sealed record ImpliedFigure(Guid FigureId, long VolumeMl, long AtLeastMl, long AtMostMl);

public sealed record ReportedParts(int Districts, long VolumeMl, long? RemainderMl, decimal? SharePercent);

/// <summary>
/// GET /v1/statistics?by=district|organisation&amp;year=&amp;from=&amp;to=&amp;format=: a year, or from and to, both included. As CSV a line for each subject. Only JSON has what is many
/// for one subject: `byNominalMl`, `byChannel`, `impliedByNextYear`, and of `reported` all but volume and flag of the first figure of exactly these days.
/// </summary>
public static class GetStatistics
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/statistics", Handle)
        .Allow("statistics", Roles.Station, Roles.Authority, Roles.Admin)
        .WithSummary("A period by district or organisation: counted beside reported");

    private static async Task<Results<Ok<StatisticsView>, CsvAnswer, ProblemHttpResult>> Handle(string by, int? year, DateOnly? from, DateOnly? to, string? format, Caller caller, Database db, CancellationToken ct)
    {
        if (CsvAnswer.Refuses(format) is { } noFormat) return noFormat;
        if (by is not ("district" or "organisation")) return CommonProblems.Invalid.With(null, new FieldError("/by", "unknown", "One of: district, organisation"));
        if (year is < 1949 or > 9998) return CommonProblems.Invalid.With(null, new FieldError("/year", "out_of_range", "A calendar year"));
        var period = (year, from, to) switch
        {
            ({ } y, null, null) => (new DateOnly(y, 1, 1), new DateOnly(y, 12, 31)),
            (null, { Year: >= 1949 } a, { Year: <= 9998 } b) when a <= b && b < a.AddYears(1) => (a, b),
            _ => ((DateOnly From, DateOnly To)?)null,
        };
        if (period is not var (begin, end)) return CommonProblems.Invalid.With("Say the period in one way", new FieldError("/year", "invalid", "year, or from and to, a year at most"));

        // Some thousands of sums a year, however many donations there were. A station counts its own collections; an authority those of its districts.
        var byOrganisation = by == "organisation";
        var asked = new
        {
            begin, end, beforeBegin = begin.AddYears(-1), beforeEnd = end.AddYears(-1),
            station = caller.Is(Roles.Station) ? caller.TenantId : null, limited = caller.Is(Roles.Authority), districts = caller.Districts.ToArray(),
        };
        // None waits for another: each its own connection.
        var counting = db.Query<CountRow>($"""
            select x.code, x.organisation_id, n.day >= @begin as now, n.nominal_ml, n.channel, sum(n.donations)::int as donations, sum(n.volume_ml)::bigint as volume_ml, sum(n.treatment_units)::int as treatment_units, sum(n.first_time)::int as first_time
            from event.collected n {PlacedBy(byOrganisation, "n.organiser_id", "n.day", "n.district")}
            where (n.day between @begin and @end or n.day between @beforeBegin and @beforeEnd) and (@station::uuid is null or n.station_id = @station) and {Within("n.district")}
            group by 1, 2, 3, 4, 5 having sum(n.donations) <> 0
            """, asked, ct);
        var attending = db.Query<AttendanceRow>($"""
            select x.code, x.organisation_id, count(*)::int as drives, coalesce(sum(s.booked), 0)::int as booked, coalesce(sum(v.visits), 0)::int as checked_in, coalesce(sum(v.deferred), 0)::int as deferred
            from (select d.*, (d.starts_at at time zone 'Asia/Shanghai')::date as day from event.drive d) n {PlacedBy(byOrganisation, "n.organisation_id", "n.day", "n.district")}
            left join lateral (select sum(booked + walked_in) as booked from event.slot where drive_id = n.id) s on true
            left join event.attended v on v.drive_id = n.id
            where n.status not in ('draft', 'submitted', 'cancelled') and n.starts_at >= @begin::timestamp at time zone 'Asia/Shanghai' and n.starts_at < (@end + 1)::timestamp at time zone 'Asia/Shanghai'
              and (@station::uuid is null or n.station_id = @station) and {Within("n.district")}
            group by 1, 2
            """, asked, ct);
        var reporting = db.Query<FigureRow>(FigureRow.Select + """
             where (f.subject_kind = 'organisation') = @byOrganisation and f.period_from <= @until and f.period_to >= @begin order by f.id
            """, new { byOrganisation, begin, until = year is null ? end : end.AddYears(1) }, ct);
        await Task.WhenAll(counting, attending, reporting);
        var (counted, attended, figures) = (await counting, await attending, (await reporting).FindAll(f => f.IsVisibleTo(caller)).ConvertAll(f => f.View));
        var names = byOrganisation
            ? (await db.Query<NameRow>("select id, name from event.organisation where id = any(@ids)", new { ids = counted.Select(c => c.OrganisationId).Concat(attended.Select(a => a.OrganisationId)).OfType<Guid>().Distinct().ToArray() }, ct)).ToDictionary(n => n.Id, n => n.Name) : [];

        var subjects = figures.Select(f => f.Subject)
            .Concat(counted.Select(c => (c.Code, c.OrganisationId)).Concat(attended.Select(a => (a.Code, a.OrganisationId)))
                .Select(c => by == "district" ? new FigureSubject("district", c.Code, null, null) : new FigureSubject("organisation", null, c.OrganisationId, names.GetValueOrDefault(c.OrganisationId!.Value))))
            .GroupBy(KeyOf).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.First());
        var view = new StatisticsView(by, year, begin, end, [.. subjects.Select(subject =>
        {
            bool Of(string? code, Guid? organisation) => by == "district" ? code is not null && Districts.Within(subject.Code ?? "", code) : organisation is not null && organisation == subject.OrganisationId;
            CountedFigures Sum(IEnumerable<CountRow> rows) => rows.Aggregate(CountedFigures.None, (sum, c) => sum + new CountedFigures(c.Donations, c.VolumeMl, c.TreatmentUnits, c.FirstTime));
            var mine = counted.FindAll(c => Of(c.Code, c.OrganisationId));
            var inPeriod = mine.FindAll(c => c.Now);
            var (now, before) = (Sum(inPeriod), Sum(mine.Where(c => !c.Now)));
            var came = attended.FindAll(a => Of(a.Code, a.OrganisationId));
            var own = figures.FindAll(f => KeyOf(f.Subject) == KeyOf(subject));
            var reported = own.FindAll(f => f.Period!.From <= end);
            return new SubjectStatistics(subject, now, before, Rules.Figures.YearOnYear(before.VolumeMl, now.VolumeMl),
                inPeriod.Where(c => c.NominalMl is not null).GroupBy(c => c.NominalMl!.Value).OrderBy(g => g.Key).ToDictionary(g => g.Key.ToString(CultureInfo.InvariantCulture), g => g.Sum(c => c.Donations)),
                inPeriod.GroupBy(c => c.Channel).OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Sum(c => c.Donations)),
                new(came.Sum(a => a.Drives), came.Sum(a => a.Booked), came.Sum(a => a.CheckedIn), came.Sum(a => a.Deferred)), reported,
                [.. own.Where(f => year is not null && f.ImpliedPreviousYear?.Year == year).Select(f => new ImpliedFigure(f.Id, f.ImpliedPreviousYear!.VolumeMl, f.ImpliedPreviousYear.AtLeastMl, f.ImpliedPreviousYear.AtMostMl))],
                subject.Kind == "city" && year is { } of ? PartsOf(subject, reported, figures, of) : null);
        })]);
        if (format != "csv") return TypedResults.Ok(view);
        return new CsvAnswer($"statistics-{begin:yyyyMMdd}-{end:yyyyMMdd}.csv",
            ["kind", "code", "organisationId", "name", "from", "to", "drives", "booked", "checkedIn", "deferred", "donations", "volumeMl", "treatmentUnits", "firstTime", "volumeMlPreviousYear", "yearOnYearPercent", "reportedVolumeMl", "reportedFlag",
                "donationsPreviousYear", "treatmentUnitsPreviousYear", "firstTimePreviousYear", "reportedDistricts", "reportedDistrictsVolumeMl", "reportedDistrictsRemainderMl", "reportedDistrictsSharePercent"],
            view.Items.Select(i => (object?[])[i.Subject.Kind, i.Subject.Code, i.Subject.OrganisationId, i.Subject.Name, begin, end,
                i.Attendance.Drives, i.Attendance.Booked, i.Attendance.CheckedIn, i.Attendance.Deferred, i.Counted.Donations, i.Counted.VolumeMl, i.Counted.TreatmentUnits, i.Counted.FirstTime, i.CountedPreviousYear.VolumeMl, i.CountedYearOnYearPercent,
                // Of exactly these days; where several sources speak, the first recorded.
                i.Reported.FirstOrDefault(f => f.Period!.From == begin && f.Period.To == end)?.Figures.VolumeMl, i.Reported.FirstOrDefault(f => f.Period!.From == begin && f.Period.To == end)?.QualityFlag,
                i.CountedPreviousYear.Donations, i.CountedPreviousYear.TreatmentUnits, i.CountedPreviousYear.FirstTime, i.ReportedDistricts?.Districts, i.ReportedDistricts?.VolumeMl, i.ReportedDistricts?.RemainderMl, i.ReportedDistricts?.SharePercent]));
    }

    /// <summary>The district it is in, or each organisation that stood above its organiser on its day.</summary>
    private static string PlacedBy(bool organisations, string organiser, string day, string district) => organisations
        ? $"join event.organisation_placement o on o.organisation_id = {organiser} and o.valid_from <= {day} and o.valid_to > {day} cross join lateral (select null::text as code, above as organisation_id from unnest(o.path) above) x"
        : $"cross join lateral (select {district} as code, null::uuid as organisation_id) x";

    private static string Within(string district) => $"(not @limited or exists (select from unnest(@districts) a where {district} like regexp_replace(a, '(00)+$', '') || '%'))";

    private static ReportedParts PartsOf(FigureSubject city, List<FigureView> ownFigures, List<FigureView> figures, int year)
    {
        // One figure per district: where two sources speak, the first recorded.
        var parts = figures.Where(f => f.Subject.Kind == "district" && f.Period!.Year == year && f.Figures.VolumeMl is not null && Districts.Within(city.Code!, f.Subject.Code!)).GroupBy(f => f.Subject.Code).Select(g => g.First().Figures.VolumeMl!.Value).ToArray();
        var whole = ownFigures.Find(f => f.Period!.Year == year && f.Figures.VolumeMl is not null)?.Figures.VolumeMl;
        return new(parts.Length, parts.Sum(), whole - parts.Sum(), whole is > 0 ? Math.Round(100m * parts.Sum() / whole.Value, 1) : null);
    }

    private static string KeyOf(FigureSubject s) => $"{s.Kind}:{s.Code ?? s.OrganisationId?.ToString() ?? s.Name}";

    private sealed record CountRow(string? Code, Guid? OrganisationId, bool Now, int? NominalMl, string Channel, int Donations, long VolumeMl, int TreatmentUnits, int FirstTime);

    private sealed record AttendanceRow(string? Code, Guid? OrganisationId, int Drives, int Booked, int CheckedIn, int Deferred);

    private sealed record NameRow(Guid Id, string Name);
}
