using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Orders;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Traces;

/// <summary>From the vein to the vein: the donation, its tests, who released it, and each bag's way to a patient.</summary>
public sealed record TraceView(DonationView Donation, TracedTest[] Tests, TracedSignature[] Signatures, TracedHold[] Holds, TracedUnit[] Units);

public sealed record TracedUnit(UnitView Unit, TracedMovement[] Movements, TracedStay[] Stays, Guid? OrderId, Guid? HospitalId, TracedTransfusion? Transfusion);

/// <param name="PatientReference">Masked; the hospital knows whose it is.</param>
public sealed record TracedTransfusion(Guid Id, Guid HospitalId, string PatientReference, DateTimeOffset TransfusedAt, string Outcome, string[] Alarms, TracedReaction[] Reactions);

/// <summary>A reaction as it was judged, once or again: the last counts.</summary>
public sealed record TracedReaction
{
    public string Kind { get; init; } = "";

    /// <summary>1 to 4.</summary>
    public int Severity { get; init; }
    public string Imputability { get; init; } = "";
    public DateTimeOffset OnsetAt { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
}

/// <summary>A time at a place of storage.</summary>
public sealed record TracedStay
{
    public string Place { get; init; } = "";
    public DateTimeOffset Since { get; init; }
    public DateTimeOffset? Until { get; init; }
}

public sealed record TracedTest
{
    public string RunId { get; init; } = "";
    public int RowIndex { get; init; }
    public string Instrument { get; init; } = "";
    public bool ControlsValid { get; init; }
    public string StaffNumber { get; init; } = "";
    public string Test { get; init; } = "";
    public string? Round { get; init; }
    public string Outcome { get; init; } = "";
    public string? Value { get; init; }
    public string? SampleId { get; init; }
    public string? PoolId { get; init; }
    public DateTimeOffset PerformedAt { get; init; }

    /// <summary>The row of the run that this one corrects; its staff number is then who corrected.</summary>
    public int? Corrects { get; init; }
    public string? ReasonCode { get; init; }
    public DateTimeOffset? CorrectedAt { get; init; }
}

public sealed record TracedSignature
{
    public string StaffNumber { get; init; } = "";
    public DateTimeOffset SignedAt { get; init; }
}

public sealed record TracedHold
{
    public Guid Id { get; init; }
    public Guid? UnitId { get; init; }
    public string Kind { get; init; } = "";
    public DateTimeOffset PlacedAt { get; init; }
    public DateTimeOffset? LiftedAt { get; init; }
}

public sealed record TracedMovement
{
    public Guid UnitId { get; init; }
    public string Kind { get; init; } = "";
    public string? FromStatus { get; init; }
    public string ToStatus { get; init; } = "";
    public DateTimeOffset At { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
    public Guid? OrderId { get; init; }
    public Guid? HospitalId { get; init; }
    public string? Code { get; init; }
}

/// <summary>GET /v1/traces/{din}</summary>
public static class TraceDonation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/traces/{din}", Handle).Allow("inventory", Roles.Station).WithSummary("A donation from vein to vein");

    private static async Task<Results<Ok<TraceView>, ProblemHttpResult>> Handle(string din, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if (Din.Parse(din) is not { } number) return Problems.DinInvalid.With();
        return await db.InTransaction<Results<Ok<TraceView>, ProblemHttpResult>>(async tx =>
        {
            if ((await DonationFile.Load(tx, [number.Text], caller.Tenant)).ByDin.GetValueOrDefault(number.Text) is not { Arrived: true } file) return CommonProblems.NotFound.With();
            return await tx.Read("""
                select t.run_id, r.row_index, t.instrument, t.controls_valid, coalesce(r.staff_number, t.staff_number) as staff_number, r.test, r.round, r.outcome, r.value, r.sample_id, r.pool_id, r.performed_at,
                       c.row_index as corrects, r.reason_code, r.corrected_at
                  from inventory.test_result r join inventory.test_run t on t.id = r.test_run left join inventory.test_result c on c.id = r.corrects where r.din = @Text order by r.id;
                select s.staff_number, s.signed_at from inventory.release_signature s where s.din = @Text order by s.signed_at;
                select h.id, h.unit_id, h.kind, h.placed_at, h.lifted_at from inventory.hold h where h.din = @Text order by h.placed_at, h.id;
                select m.unit_id, m.kind, m.from_status, m.to_status, m.at, m.recorded_at, m.order_id, m.hospital_id, m.code from inventory.unit_movement m join inventory.unit u on u.id = m.unit_id where u.din = @Text order by m.id;
                select t.id, t.unit_id, t.hospital_id, t.patient, k.wrapped_key, t.transfused_at, t.outcome, t.alarms from inventory.transfusion t left join inventory.subject_key k on k.subject_id = t.id where t.din = @Text;
                select r.transfusion_id, r.kind, r.severity, r.imputability, r.onset_at, r.recorded_at from inventory.transfusion_reaction r join inventory.transfusion t on t.id = r.transfusion_id where t.din = @Text order by r.recorded_at, r.id;
                select s.unit_id, s.place, s.since, s.until from inventory.unit_stay s join inventory.unit u on u.id = s.unit_id where u.din = @Text order by s.id
                """, new { number.Text }, async grid =>
            {
                var tests = (await grid.ReadAsync<TracedTest>()).ToArray();
                var signatures = (await grid.ReadAsync<TracedSignature>()).ToArray();
                var holds = (await grid.ReadAsync<TracedHold>()).ToArray();
                var movements = (await grid.ReadAsync<TracedMovement>()).ToLookup(m => m.UnitId);
                var transfusions = (await grid.ReadAsync<TransfusionRow>()).ToDictionary(t => t.UnitId);
                var reactions = (await grid.ReadAsync<ReactionRow>()).ToLookup(r => r.TransfusionId, r => new TracedReaction { Kind = r.Kind, Severity = r.Severity, Imputability = r.Imputability, OnsetAt = r.OnsetAt, RecordedAt = r.RecordedAt });
                var stays = (await grid.ReadAsync<StayRow>()).ToLookup(s => s.UnitId, s => new TracedStay { Place = s.Place, Since = s.Since, Until = s.Until });
                var donation = file.View(tx.Now);
                return TypedResults.Ok(new TraceView(donation, tests, signatures, holds, [.. donation.Units.Select(u => new TracedUnit(u, [.. movements[u.Id]], [.. stays[u.Id]], u.OrderId, u.HospitalId,
                    transfusions.GetValueOrDefault(u.Id) is { } t ? new(t.Id, t.HospitalId, t.WrappedKey is { } key ? Mask.Number(vault.Unwrap(t.Id, key).Open(Patient.Field, t.Patient)) : "", t.TransfusedAt, t.Outcome, t.Alarms, [.. reactions[t.Id]]) : null))]));
            });
        }, ct);
    }

    private sealed record ReactionRow
    {
        public Guid TransfusionId { get; init; }
        public string Kind { get; init; } = "";
        public int Severity { get; init; }
        public string Imputability { get; init; } = "";
        public DateTimeOffset OnsetAt { get; init; }
        public DateTimeOffset RecordedAt { get; init; }
    }

    private sealed record StayRow
    {
        public Guid UnitId { get; init; }
        public string Place { get; init; } = "";
        public DateTimeOffset Since { get; init; }
        public DateTimeOffset? Until { get; init; }
    }

    private sealed record TransfusionRow
    {
        public Guid Id { get; init; }
        public Guid UnitId { get; init; }
        public Guid HospitalId { get; init; }
        public byte[] Patient { get; init; } = [];
        public byte[]? WrappedKey { get; init; }
        public DateTimeOffset TransfusedAt { get; init; }
        public string Outcome { get; init; } = "";
        public string[] Alarms { get; init; } = [];
    }
}
