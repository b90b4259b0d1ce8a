using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Orders;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Traces;

/// <summary>Backwards: from a bag, or from a patient as the hospital calls him (in the body, never in an address).</summary>
public sealed record SearchTracesRequest(Guid? UnitId = null, [property: StringLength(80, MinimumLength = 1)] string? PatientReference = null, Guid? HospitalId = null);

public sealed record TraceHits(TraceHit[] Items);

/// <summary>A bag that was found; GET /v1/traces/{din} tells the rest.</summary>
public sealed record TraceHit
{
    public string Din { get; init; } = "";
    public Guid UnitId { get; init; }
    public string Component { get; init; } = "";
    public string Status { get; init; } = "";
    public Guid? HospitalId { get; init; }
    public DateTimeOffset? TransfusedAt { get; init; }
}

/// <summary>POST /v1/traces/search</summary>
public static class SearchTraces
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/traces/search", Handle).Allow("inventory", Roles.Station).IgnoresIdempotencyKey().WithSummary("Finds the donation behind a bag, or behind what a patient was given");

    private static async Task<Results<Ok<TraceHits>, ProblemHttpResult>> Handle(SearchTracesRequest request, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if ((request.UnitId is null) == (request.PatientReference is null)) return CommonProblems.Invalid.With(null, new FieldError("", "invalid", "Either unitId, or patientReference with hospitalId"));
        if (request is { PatientReference: not null, HospitalId: null }) return CommonProblems.Invalid.With(null, new FieldError("/hospitalId", "required", "References are a hospital's own"));
        return await db.InTransaction<Results<Ok<TraceHits>, ProblemHttpResult>>(async tx =>
        {
            var index = request.PatientReference is { } reference ? Patient.IndexOf(vault, request.HospitalId!.Value, reference) : null;
            var hits = await tx.Query<TraceHit>("""
                select u.din, u.id as unit_id, u.component, u.status, u.hospital_id, t.transfused_at
                from inventory.unit u left join inventory.transfusion t on t.unit_id = u.id
                where u.station_id = @Tenant and (u.id = @UnitId or t.patient_index = @index) order by t.transfused_at, u.id
                """, new { caller.Tenant, request.UnitId, index });
            tx.Audit("trace.search", request.UnitId is { } unit ? $"/v1/units/{unit}" : $"/v1/hospitals/{request.HospitalId}", new { hits = hits.Count });
            return TypedResults.Ok(new TraceHits([.. hits]));
        }, ct);
    }
}
