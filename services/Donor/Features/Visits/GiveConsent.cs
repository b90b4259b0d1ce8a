using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="At">When, for what is recorded afterwards.</param>
/// <param name="Form">Which text he signed: the one in force that day, and of what is recorded afterwards any; that one where it is not said. Consent and health questions are one form.</param>
public sealed record ConsentRequest(bool Accepted, DateTimeOffset? At = null, QuestionnaireReference? Form = null, SignatureRequest? Signature = null);

/// <summary>POST /v1/visits/{id}/consent: to this donation, beside the consent to be registered.</summary>
public static class GiveConsent
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/consent", Handle)
        .Allow("visits", Roles.Station).ByStaff("registrar", "physician", "quality").WithSummary("Step 1: informed consent");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, ConsentRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("consent", caller, request.At, tx.Now, "registrar", "physician") is { } no) return no;
            if (!request.Accepted) return visit.Defer(tx, caller, request, visit.Judge(tx, new(visit.Day, Failed: "CONSENT")));
            var form = request.Form is { } named ? visit.Donor.Book.Questionnaire(named.Code, named.Version) : visit.Donor.Book.QuestionnaireOn(visit.Day);
            if (form is null) return Problems.QuestionnaireUnknown.With(null, new FieldError("/form", "questionnaire_unknown", "GET /v1/questionnaires/current"));
            // Who is there today signs today's text; what is recorded afterwards was signed on the paper of its time.
            if (!visit.Row.Backfilled && visit.Donor.Book.QuestionnaireOn(visit.Day) is var signed && (signed.Code, signed.Version) != (form.Code, form.Version))
                return Problems.QuestionnaireUnknown.With(null, new FieldError("/form/version", "questionnaire_unknown", $"On {visit.Day:yyyy-MM-dd} version {signed.Version} of {signed.Code} is signed"));
            return visit.Sign("consent", form, request.Signature) is { } unsigned ? unsigned : visit.Pass(tx, caller, request);
        }, ct);
}
