using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Figures;

/// <summary>Whom a figure is about. A city or district by GB/T 2260 code; an organisation by its id, or by name where it is not registered.</summary>
public sealed record FigureSubject(string Kind, string? Code, Guid? OrganisationId, string? Name);

/// <summary>`year` for a whole calendar year; both dates included.</summary>
public sealed record FigurePeriod(int? Year, DateOnly From, DateOnly To);

/// <summary>
/// A figure as reported, with what a check says of it. `period` is null where the source states none; `bounds` says which measures
/// are lower bounds or approximate; `impliedPreviousYear` is what the year-on-year rate implies, with the width of its rounding.
/// </summary>
public sealed record FigureView(Guid Id, string? Reference, FigureSubject Subject, FigurePeriod? Period, FigureValues Figures, IReadOnlyDictionary<string, string> Bounds,
    decimal? YearOnYearPercent, ImpliedYear? ImpliedPreviousYear, decimal? MlPerDonation, string Source, string QualityFlag, IReadOnlyList<Finding> Findings, string? Note, DateTimeOffset ReportedAt, string[] AllowedActions);

internal sealed record FigureRow
{
    public const string Select = """
        select f.id, f.reference, f.subject_kind, f.subject_code, f.organisation_id, coalesce(f.subject_name, o.name) as subject_name, coalesce(f.subject_code, o.district) as district, f.period_from, f.period_to, f.year_on_year_percent,
               f.source, f.stated_flag, f.note, f.reported_at,
               (select jsonb_object_agg(m.measure, m.value)::text from event.reported_measure m where m.figure_id = f.id) as measures,
               (select jsonb_object_agg(m.measure, m.bound)::text from event.reported_measure m where m.figure_id = f.id) as bounds
        from event.reported_figure f left join event.organisation o on o.id = f.organisation_id
        """;

    public required Guid Id { get; init; }
    public string? Reference { get; init; }
    public required string SubjectKind { get; init; }
    public string? SubjectCode { get; init; }
    public Guid? OrganisationId { get; init; }
    public string? SubjectName { get; init; }

    /// <summary>Where the subject is; null for an organisation that is not registered.</summary>
    public string? District { get; init; }
    public DateOnly? PeriodFrom { get; init; }
    public DateOnly? PeriodTo { get; init; }
    public decimal? YearOnYearPercent { get; init; }
    public required string Source { get; init; }
    public string? StatedFlag { get; init; }
    public string? Note { get; init; }
    public required DateTimeOffset ReportedAt { get; init; }
    public required string Measures { get; init; }
    public required string Bounds { get; init; }

    /// <summary>The calendar year, where the period is one.</summary>
    public int? Year => PeriodFrom is { Month: 1, Day: 1 } from && PeriodTo is { Month: 12, Day: 31 } to && from.Year == to.Year ? from.Year : null;

    /// <summary>An authority sees its districts' figures, and those of nobody's district.</summary>
    public bool IsVisibleTo(Caller caller) => !caller.Is(Roles.Authority) || District is null || Districts.Cover(caller.Districts, District);

    public FigureView View
    {
        get
        {
            var figures = JsonSerializer.Deserialize<FigureValues>(Measures, Json.Options)!;
            var bounds = JsonSerializer.Deserialize<SortedDictionary<string, string>>(Bounds, Json.Options)!;
            var findings = Rules.Figures.Examine(figures, bounds, PeriodTo?.Year);
            return new(Id, Reference, new(SubjectKind, SubjectCode, OrganisationId, SubjectName), PeriodFrom is { } from && PeriodTo is { } to ? new(Year, from, to) : null, figures, bounds,
                YearOnYearPercent, YearOnYearPercent is { } percent && figures.VolumeMl is { } ml && Year is { } year ? Rules.Figures.ImpliedPrevious(year, ml, percent) : null,
                Rules.Figures.MlPerDonation(figures), Source, Rules.Figures.Flag(StatedFlag, findings), findings, Note, ReportedAt, []);
        }
    }
}
