using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.ExternalChecks;

public sealed record SandboxAnswerRequest([property: AllowedValues(ExternalOutcome.Clear, ExternalOutcome.Hit, ExternalOutcome.Unavailable)] string Outcome);

public sealed record SandboxAnswerView(Guid DonorId, string Outcome);

/// <summary>PUT /v1/external-checks/{donorId}: what the sandbox's register says of a donor from now on. Elsewhere there is no such address.</summary>
public static class PutSandboxAnswer
{
    public static void Map(IEndpointRouteBuilder app)
    {
        if (app.ServiceProvider.GetRequiredService<IConfiguration>()["Platform:Sandbox"] != "true") return;
        app.MapPut("/v1/external-checks/{donorId:guid}", Handle).Allow("visits", Roles.Station).WithSummary("Sandbox only: tells the external register what to answer of a donor");
    }

    private static async Task<Results<Ok<SandboxAnswerView>, ProblemHttpResult>> Handle(Guid donorId, SandboxAnswerRequest request, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<SandboxAnswerView>, ProblemHttpResult>>(async tx =>
        {
            if (!await tx.QuerySingle<bool>("select exists (select from donor.donor where id = @donorId)", new { donorId })) return CommonProblems.Unknown(donorId);
            tx.Write("insert into donor.sandbox_register (donor_id, outcome) values (@donorId, @Outcome) on conflict (donor_id) do update set outcome = excluded.outcome", new { donorId, request.Outcome });
            tx.Audit("sandbox.register", $"donors/{donorId}");
            return TypedResults.Ok(new SandboxAnswerView(donorId, request.Outcome));
        }, ct);
}
