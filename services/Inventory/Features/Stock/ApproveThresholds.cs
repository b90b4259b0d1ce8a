using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

/// <summary>Days of cover from which each level holds; below orange is red.</summary>
/// <param name="District">GB/T 2260 code of the area: a district, a city (`440700`) or a province (`440000`).</param>
/// <param name="BloodGroup">All groups when absent.</param>
/// <param name="ValidFrom">Shanghai date from which they hold, not in the past.</param>
/// <param name="Reference">The document by which they are approved.</param>
public sealed record ApproveThresholdsRequest(
    [property: RegularExpression("^[1-9][0-9]{5}$")] string District,
    [property: StringLength(80, MinimumLength = 1)] string Component,
    [property: Range(0.1, 999)] decimal Normal, [property: Range(0.1, 999)] decimal Blue, [property: Range(0.1, 999)] decimal Yellow, [property: Range(0.1, 999)] decimal Orange,
    DateOnly ValidFrom,
    [property: StringLength(80, MinimumLength = 1)] string Reference,
    [property: AllowedValues("O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-", null)] string? BloodGroup = null);

/// <summary>
/// POST /v1/stock-thresholds: an authority approves for its area when a stock is short. Until it does, the proposed defaults hold, and say so. What was approved stays on record; a later day, or the last word on
/// the same day, stands.
/// </summary>
public static class ApproveThresholds
{
    internal const string Select = "select t.id, t.district, t.component, t.blood_group, t.normal, t.blue, t.yellow, t.orange, t.valid_from, t.reference, t.approved_at from inventory.stock_threshold t";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/stock-thresholds", Handle).Allow("rules", Roles.Authority).Creates().WithSummary("Approves from how many days of cover a level holds");
        app.MapGet("/v1/stock-thresholds", List).Allow("rules", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("What authorities approved, the newest first");
        app.MapGet("/v1/stock-thresholds/{id:guid}", Get).Allow("rules", Roles.Station, Roles.Authority, Roles.Admin).WithSummary("What an authority approved");
    }

    private static async Task<Results<Made<ApprovedThresholds>, ProblemHttpResult>> Handle(ApproveThresholdsRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ApprovedThresholds>, ProblemHttpResult>>(async tx =>
        {
            var today = Shanghai.DateOf(tx.Now);
            var errors = new List<FieldError>();
            if (Parameters.ComponentsOn(today).Components.All(c => c.Component != request.Component)) errors.Add(new("/component", "invalid", "One of " + string.Join(", ", Parameters.ComponentsOn(today).Components.Select(c => c.Component))));
            if (request.ValidFrom < today) errors.Add(new("/validFrom", "invalid", "Levels that were told can't be told anew: today, or later"));
            foreach (var (pointer, better, worse) in new[] { ("/blue", request.Normal, request.Blue), ("/yellow", request.Blue, request.Yellow), ("/orange", request.Yellow, request.Orange) })
                if (worse >= better) errors.Add(new(pointer, "invalid", "Fewer days than the level before"));
            if (errors.Count > 0) return CommonProblems.Invalid.With(null, [.. errors]);
            // An area within its own: a city's authority for its districts, not for the province.
            if (!await tx.QuerySingle<bool>("select exists (select from unnest(@areas) a where @District like regexp_replace(a, '(00)+$', '') || '%')", new { areas = caller.Districts.ToArray(), request.District })) return CommonProblems.NotFound.With("Outside the authority's districts");
            var approved = new ApprovedThresholds
            {
                Id = tx.NewId(), District = request.District, Component = request.Component, BloodGroup = request.BloodGroup, Normal = request.Normal, Blue = request.Blue, Yellow = request.Yellow, Orange = request.Orange, ValidFrom = request.ValidFrom,
                Reference = request.Reference, ApprovedAt = tx.Now,
            };
            tx.Write("""
                insert into inventory.stock_threshold (id, district, component, blood_group, normal, blue, yellow, orange, valid_from, reference, approved_at, client_id)
                values (@Id, @District, @Component, @BloodGroup, @Normal, @Blue, @Yellow, @Orange, @ValidFrom, @Reference, @ApprovedAt, @ClientId)
                """, new { approved.Id, approved.District, approved.Component, approved.BloodGroup, approved.Normal, approved.Blue, approved.Yellow, approved.Orange, approved.ValidFrom, approved.Reference, approved.ApprovedAt, caller.ClientId });
            tx.Audit("stock-thresholds.approve", $"/v1/stock-thresholds/{approved.Id}", new { approved.District, approved.Component, approved.BloodGroup });
            return Answers.Created($"/v1/stock-thresholds/{approved.Id}", 1, approved);
        }, ct);

    private static async Task<Ok<List<ApprovedThresholds>>> List([RegularExpression("^[1-9][0-9]{5}$")] string? district, string? component, Database db, CancellationToken ct) =>
        TypedResults.Ok(await db.Query<ApprovedThresholds>($"{Select} where (@district::text is null or t.district = @district) and (@component::text is null or t.component = @component) order by t.valid_from desc, t.approved_at desc, t.id desc limit 1000", new { district, component }, ct));

    private static async Task<Results<Made<ApprovedThresholds>, ProblemHttpResult>> Get(Guid id, Database db, CancellationToken ct) =>
        await db.QuerySingle<ApprovedThresholds>($"{Select} where t.id = @id", new { id }, ct) is { } approved ? Answers.Ok(1, approved) : await db.Unknown("inventory.stock_threshold", id, ct);
}
