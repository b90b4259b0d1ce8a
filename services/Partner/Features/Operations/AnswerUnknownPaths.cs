using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Features.Operations;

/// <summary>The gateway sends here whatever belongs to nobody: 404 as a problem document, not a demand for a token.</summary>
public static class AnswerUnknownPaths
{
    public static void Map(IEndpointRouteBuilder app) => app.MapFallback("/{**path}", () => CommonProblems.NotFound.With()).Public();
}
