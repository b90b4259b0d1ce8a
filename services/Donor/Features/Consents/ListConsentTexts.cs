using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Consents;

/// <param name="Current">The version that who agrees today agrees to.</param>
public sealed record ConsentTextView(string Code, int Version, DateOnly Since, string Clause, string Text, bool Required, bool Current);

/// <summary>GET /v1/consents: what a donor is shown before he agrees, every version of every text; consents name the version they were given to.</summary>
public static class ListConsentTexts
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/consents", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("The texts of the consents");

    private static Ok<Page<ConsentTextView>> Handle(TimeProvider clock, string? code = null)
    {
        var today = Shanghai.DateOf(clock.GetUtcNow());
        return TypedResults.Ok(new Page<ConsentTextView>([.. ConsentTexts.All.Where(t => code is null || t.Code == code)
            .Select(t => new ConsentTextView(t.Code, t.Version, t.Since, t.Clause, t.Text, t.Code == "registration", ConsentTexts.On(t.Code, today) == t))], null));
    }
}
