using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Figures;

/// <summary>
/// A historical figure as somebody reported it. It stays beside what the platform counts and is never added to it. `reference` is the
/// caller's own number for it (F9).
/// </summary>
public sealed record ReportFigureRequest(
    SubjectRequest Subject,
    FigureValues Figures,
    [property: StringLength(80, MinimumLength = 1)] string Source,
    PeriodRequest? Period = null,
    Dictionary<string, string>? Bounds = null,
    decimal? YearOnYearPercent = null,
    [property: AllowedValues("ok", "doubtful", "reported_inconsistent", null)] string? QualityFlag = null,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null,
    [property: StringLength(40, MinimumLength = 1)] string? Reference = null);

public sealed record SubjectRequest(
    [property: AllowedValues("city", "district", "organisation")] string Kind,
    [property: StringLength(6, MinimumLength = 6), RegularExpression(Plain.District)] string? Code = null,
    Guid? OrganisationId = null,
    [property: StringLength(80, MinimumLength = 1)] string? Name = null);

/// <summary>A year, or two dates both included.</summary>
public sealed record PeriodRequest([property: Range(1949, 9998)] int? Year = null, DateOnly? From = null, DateOnly? To = null);

/// <summary>POST /v1/reported-figures: said again in the same words it is 200 with the figure that stands; in other words 409.</summary>
public static class ReportFigure
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/reported-figures", Handle)
        .Allow("statistics", Roles.Station, Roles.Authority).Creates()
        .WithSummary("Records a figure as reported");

    private static async Task<Results<Made<FigureView>, ProblemHttpResult>> Handle(ReportFigureRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<FigureView>, ProblemHttpResult>>(async tx =>
        {
            var bounds = request.Bounds ?? [];
            var period = PeriodOf(request.Period);
            var subjectKey = SubjectKeyOf(request.Subject);
            var periodKey = period is { } p ? $"{p.From:yyyy-MM-dd}/{p.To:yyyy-MM-dd}" : "unstated";
            var measures = request.Figures.Stated();
            var (organisation, standing) = await tx.Read($"""
                select name from event.organisation where id = @organisationId::uuid;
                {FigureRow.Select} where f.id in (select figure_id from event.reported_measure
                    where subject_key = @subjectKey and period_key = @periodKey and source = @Source and measure = any(@names))
                """, new { organisationId = request.Subject.OrganisationId, subjectKey, periodKey, request.Source, names = measures.Keys.ToArray() },
                async grid => (await grid.ReadSingleOrDefaultAsync<string>(), (await grid.ReadAsync<FigureRow>()).ToArray()));

            if (SubjectFault(request.Subject) is { } about) return CommonProblems.Invalid.With("Say whom the figure is about", about);
            if (request.Period is not null && period is null) return CommonProblems.Invalid.With("Say the period in one way", new FieldError("/period", "invalid", "year, or from and to; no period at all where the source states none"));
            if (Rules.Figures.Faults(request.Figures, bounds, period, request.Period?.Year is not null, request.YearOnYearPercent, Shanghai.DateOf(tx.Now)) is { } impossible) return impossible.ToProblem();
            if (request.Subject.OrganisationId is { } unknown && organisation is null) return CommonProblems.Unknown(unknown);
            if (caller.Is(Roles.Authority) && request.Subject.Code is { } code && !Districts.Cover(caller.Districts, code)) return CommonProblems.NotFound.With("Outside the authority's districts");

            var figure = new FigureRow
            {
                Id = tx.NewId(), Reference = request.Reference, SubjectKind = request.Subject.Kind, SubjectCode = request.Subject.Code, OrganisationId = request.Subject.OrganisationId,
                SubjectName = request.Subject.Name ?? organisation, PeriodFrom = period?.From, PeriodTo = period?.To, YearOnYearPercent = request.YearOnYearPercent, Source = request.Source,
                StatedFlag = request.QualityFlag, Note = request.Note, ReportedAt = tx.Now, Measures = JsonSerializer.Serialize(measures),
                Bounds = JsonSerializer.Serialize(measures.Keys.ToDictionary(m => m, m => bounds.GetValueOrDefault(m, Rules.Figures.Exact))),
            };
            if (standing is [var same] && SaysTheSame(same, figure)) return Answers.Ok(1, same.View);
            if (standing.Length > 0) return Problems.FigureAlreadyReported.With($"It stands as {standing[0].Id}");

            tx.Write("""
                insert into event.reported_figure (id, version, reference, subject_kind, subject_code, organisation_id, subject_name, period_from, period_to, year_on_year_percent, source, quality_flag, stated_flag, note, reported_at)
                values (@Id, 1, @Reference, @SubjectKind, @SubjectCode, @OrganisationId, @name, @PeriodFrom, @PeriodTo, @YearOnYearPercent, @Source, @flag, @StatedFlag, @Note, @ReportedAt)
                """, new
                {
                    figure.Id, figure.Reference, figure.SubjectKind, figure.SubjectCode, figure.OrganisationId, name = request.Subject.Name, figure.PeriodFrom, figure.PeriodTo, figure.YearOnYearPercent,
                    figure.Source, flag = figure.View.QualityFlag, figure.StatedFlag, figure.Note, figure.ReportedAt,
                });
            tx.Write("""
                insert into event.reported_measure (figure_id, subject_key, period_key, source, measure, value, bound)
                select @Id, @subjectKey, @periodKey, @Source, m.measure, m.value, m.bound from unnest(@names, @values, @bounds) as m(measure, value, bound)
                """, new { figure.Id, subjectKey, periodKey, figure.Source, names = measures.Keys.ToArray(), values = measures.Values.ToArray(), bounds = measures.Keys.Select(m => bounds.GetValueOrDefault(m, Rules.Figures.Exact)).ToArray() },
                rows: measures.Count);
            tx.Audit("figure.report", $"reported-figure/{figure.Id}");
            return Answers.Created($"/v1/reported-figures/{figure.Id}", 1, figure.View);
        }, ct);

    private static (DateOnly From, DateOnly To)? PeriodOf(PeriodRequest? period) => period switch
    {
        { Year: { } year, From: null, To: null } => (new DateOnly(year, 1, 1), new DateOnly(year, 12, 31)),
        { Year: null, From: { } from, To: { } to } => (from, to),
        _ => null,
    };

    private static FieldError? SubjectFault(SubjectRequest subject) => subject switch
    {
        { Kind: "city" or "district", Code: null } => new("/subject/code", "required", "GB/T 2260 code"),
        { Kind: "city" or "district", OrganisationId: not null } => new("/subject/organisationId", "not_here", "Only of an organisation"),
        { Kind: "organisation", Code: not null } => new("/subject/code", "not_here", "Only of a city or district"),
        { Kind: "organisation", OrganisationId: null, Name: null } => new("/subject/organisationId", "required", "organisationId, or name where it is not registered"),
        _ => null,
    };

    private static string SubjectKeyOf(SubjectRequest subject) =>
        string.Create(CultureInfo.InvariantCulture, $"{subject.Kind}:{subject.Code ?? subject.OrganisationId?.ToString() ?? subject.Name}");

    private static bool SaysTheSame(FigureRow standing, FigureRow said) =>
        JsonSerializer.Serialize(standing.View with { Id = said.Id, ReportedAt = said.ReportedAt, Subject = said.View.Subject }, Json.Options) == JsonSerializer.Serialize(said.View, Json.Options);
}
