using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="Answers">Question code → yes, no or unknown.</param>
/// <param name="FitToDonate">The physician's own finding; a deferring or unknown answer outweighs a yes.</param>
public sealed record ConsultationRequest(QuestionnaireReference Questionnaire, Dictionary<string, string> Answers, bool FitToDonate, DateTimeOffset? At = null, SignatureRequest? Signature = null);

public sealed record QuestionnaireReference([property: StringLength(40, MinimumLength = 1)] string Code, [property: StringLength(40, MinimumLength = 1)] string Version);

/// <summary>POST /v1/visits/{id}/consultation</summary>
public static class Consult
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/consultation", Handle)
        .Allow("visits", Roles.Station).ByStaff("physician", "quality").WithSummary("Step 4: the health questions and the physician's finding");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, ConsultationRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("consultation", caller, request.At, tx.Now, "physician") is { } no) return no;
            if (visit.Donor.Book.Questionnaire(request.Questionnaire.Code, request.Questionnaire.Version) is not { } questionnaire)
                return Problems.QuestionnaireUnknown.With(null, new FieldError("/questionnaire", "questionnaire_unknown", "GET /v1/questionnaires/current"));
            // Who is there today is asked what is asked today; what is recorded afterwards was asked what the paper then asked.
            if (!visit.Row.Backfilled && visit.Donor.Book.QuestionnaireOn(visit.Day) is var asked && asked.Version != questionnaire.Version)
                return Problems.QuestionnaireUnknown.With(null, new FieldError("/questionnaire/version", "questionnaire_unknown", $"On {visit.Day:yyyy-MM-dd} version {asked.Version} is asked"));
            if (questionnaire.Judge(request.Answers, request.FitToDonate, visit.Rules, visit.Day).Rejection is { } rejection) return rejection.ToProblem();
            if (visit.Sign("questionnaire", questionnaire, request.Signature) is { } unsigned) return unsigned;
            var findings = visit.Judge(tx, new(visit.Day, Questionnaire: new(questionnaire.Code, questionnaire.Version), Answers: request.Answers, FitToDonate: request.FitToDonate, Procedures: visit.Open));
            // Deferred from one procedure, not from another: the visit goes on, and what is collected is restricted.
            return visit.Settle(tx, caller, request, findings);
        }, ct);
}
