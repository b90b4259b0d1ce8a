using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Questionnaires;

public sealed record QuestionnaireView(string Code, string Version, IReadOnlyList<QuestionView> Questions);

/// <param name="DefersOn">`yes` or `no`: the answer that defers; `unknown` always does.</param>
public sealed record QuestionView(string Code, string Text, string DefersOn);

/// <summary>GET /v1/questionnaires/current, in the language of the request.</summary>
public static class GetCurrentQuestionnaire
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/questionnaires/current", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("The health questions that consultation asks");

    private static async Task<Ok<QuestionnaireView>> Handle(Database db, RuleBooks books, TimeProvider clock, CancellationToken ct)
    {
        var current = (await books.Newest(db, ct)).QuestionnaireOn(Shanghai.DateOf(clock.GetUtcNow()));
        return TypedResults.Ok(new QuestionnaireView(current.Code, current.Version, [.. current.Questions.Select(q => new QuestionView(q.Code, q.Text, q.DefersOn))]));
    }
}
