using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.HospitalTasks;
using BloodPlatform.Inventory.Features.Orders;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <param name="PatientReference">The hospital's own reference; sealed.</param>
public sealed record RecordTransfusionRequest(
    [property: StringLength(80, MinimumLength = 1)] string PatientReference,
    DateTimeOffset TransfusedAt,
    [property: AllowedValues("no-reaction", "reaction")] string Outcome);

/// <param name="Alarms">`held`, `expired`, `not-issued`, `not-received`, `discarded`, `consumed`, `returned`, `other-patient`: what should not have been so.</param>
public sealed record TransfusionView(Guid Id, Guid UnitId, string Din, string Component, string PatientReference, DateTimeOffset TransfusedAt, string Outcome, string[] Alarms);

/// <summary>POST /v1/units/{id}/transfusion: a fact. It is recorded even of a bag that should not have been used, and says so.</summary>
public static class RecordTransfusion
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/units/{id:guid}/transfusion", Handle).Allow("orders", Roles.Hospital).Creates().WithSummary("Records that a bag was transfused");
        app.MapGet("/v1/units/{id:guid}/transfusion", Get).Allow("orders", Roles.Hospital).WithSummary("The transfusion of a bag");
    }

    private static async Task<Results<Made<TransfusionView>, ProblemHttpResult>> Handle(Guid id, RecordTransfusionRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<TransfusionView>, ProblemHttpResult>>(async tx =>
        {
            // The donation, then the bag: a hold on its way either comes first and is an alarm, or waits and finds the bag transfused.
            var unit = await tx.QuerySingle<Row>("""
                select u.id, u.version, u.din, u.station_id, u.component, u.blood_group, u.content_u, u.volume_ml, u.collected_at, u.expires_at, u.status, u.open_holds, u.order_id, o.patient_index, d.version as donation_version, d.donor_id
                from inventory.donation d join inventory.unit u on u.din = d.din left join inventory.hospital_order o on o.id = u.order_id
                where u.id = @id and coalesce(o.hospital_id, u.hospital_id) = @Tenant for update of d, u
                """, new { id, caller.Tenant });
            if (unit is null) return await tx.Unknown("inventory.unit", id);
            if (request.TransfusedAt > tx.Now.AddMinutes(5)) return Problems.PerformedInFuture.With(null, new FieldError("/transfusedAt", "in_future", "It lies in the future"));
            if (request.TransfusedAt < unit.CollectedAt) return CommonProblems.Invalid.With(null, new FieldError("/transfusedAt", "before_collection", "It lies before the collection"));
            if (unit.Status == "transfused") return Problems.AlreadyTransfused.With();

            var index = Patient.IndexOf(vault, caller.Tenant, request.PatientReference);
            string[] alarms = [
                .. unit.OpenHolds > 0 ? new[] { "held" } : [],
                .. unit.ExpiresAt < request.TransfusedAt ? new[] { "expired" } : [],
                .. unit.Status == "reserved" ? new[] { "not-issued" } : unit.Status == "issued" ? new[] { "not-received" } : unit.Status is "discarded" or "consumed" or "returned" ? new[] { unit.Status } : [],
                .. unit.PatientIndex is { } ordered && !ordered.AsSpan().SequenceEqual(index) ? new[] { "other-patient" } : []];
            var transfusion = tx.NewId();
            tx.Write("""
                insert into inventory.transfusion (id, unit_id, din, hospital_id, order_id, patient, patient_index, transfused_at, outcome, alarms, recorded_at)
                values (@transfusion, @id, @Din, @Tenant, @OrderId, @patient, @index, @TransfusedAt, @Outcome, @alarms, @now)
                """, new { transfusion, id, unit.Din, caller.Tenant, unit.OrderId, patient = vault.CreateKey(tx, transfusion).Seal(Patient.Field, request.PatientReference), index, request.TransfusedAt, request.Outcome, alarms, now = tx.Now });
            HospitalTaskRow.Answered(tx, id, unit.Din, unit.StationId, caller, request.TransfusedAt, "transfused");
            tx.Moved([id], "transfused", "transfused", caller, at: request.TransfusedAt, orderId: unit.OrderId, hospitalId: caller.Tenant, code: alarms.Length > 0 ? "alarm" : null);
            tx.Write("update inventory.unit set status = 'transfused', hospital_id = @Tenant, version = version + 1 where id = @id and version = @Version", new { caller.Tenant, id, unit.Version });
            tx.Write("update inventory.donation set version = version + 1 where din = @Din and version = @DonationVersion", new { unit.Din, unit.DonationVersion });
            tx.Append(new UnitTransfused
            {
                Key = unit.Din, Version = unit.DonationVersion + 1, OccurredAt = request.TransfusedAt, StationId = unit.StationId, UnitId = id, Din = unit.Din, DonorId = unit.DonorId, Component = unit.Component,
                BloodGroup = unit.BloodGroup, VolumeMl = unit.VolumeMl, ContentU = unit.ContentU, HospitalId = caller.Tenant, TransfusedAt = request.TransfusedAt,
            });
            tx.Audit("unit.transfusion", $"/v1/units/{id}", new { alarms });
            return Answers.Created($"/v1/units/{id}/transfusion", 1, new TransfusionView(transfusion, id, unit.Din, unit.Component, Mask.Number(request.PatientReference), request.TransfusedAt, request.Outcome, alarms));
        }, ct);

    private static async Task<Results<Made<TransfusionView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        var row = await db.QuerySingle<Stored>("""
            select t.id, t.din, u.component, t.patient, k.wrapped_key, t.transfused_at, t.outcome, t.alarms
            from inventory.transfusion t join inventory.unit u on u.id = t.unit_id left join inventory.subject_key k on k.subject_id = t.id where t.unit_id = @id and t.hospital_id = @Tenant
            """, new { id, caller.Tenant }, ct);
        return row is null ? await db.Unknown("inventory.unit", id, ct) : Answers.Ok(1, new TransfusionView(row.Id, id, row.Din, row.Component,
            row.WrappedKey is { } key ? Mask.Number(vault.Unwrap(row.Id, key).Open(Patient.Field, row.Patient)) : "", row.TransfusedAt, row.Outcome, row.Alarms));
    }

    private sealed record Row
    {
        public Guid Id { get; init; }
        public long Version { get; init; }
        public string Din { get; init; } = "";
        public Guid StationId { get; init; }
        public string Component { get; init; } = "";
        public string? BloodGroup { get; init; }
        public decimal? ContentU { get; init; }
        public int VolumeMl { get; init; }
        public DateTimeOffset CollectedAt { get; init; }
        public DateTimeOffset ExpiresAt { get; init; }
        public string Status { get; init; } = "";
        public int OpenHolds { get; init; }
        public Guid? OrderId { get; init; }
        public byte[]? PatientIndex { get; init; }
        public long DonationVersion { get; init; }
        public Guid DonorId { get; init; }
    }

    private sealed record Stored
    {
        public Guid Id { get; init; }
        public string Din { get; init; } = "";
        public string Component { get; init; } = "";
        public byte[] Patient { get; init; } = [];
        public byte[]? WrappedKey { get; init; }
        public DateTimeOffset TransfusedAt { get; init; }
        public string Outcome { get; init; } = "";
        public string[] Alarms { get; init; } = [];
    }
}
