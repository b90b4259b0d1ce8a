using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <param name="Parts">Equal parts; or say what each holds.</param>
/// <param name="VolumesMl">What each part holds, as weighed; together at most what the bag held.</param>
/// <param name="ClosedSystem">Whether it was done without opening the system; else the parts last hours only.</param>
/// <param name="PerformedAt">For what is recorded afterwards; else now.</param>
public sealed record SplitUnitRequest([property: Range(2, 26)] int? Parts = null, [property: MinLength(2), MaxLength(26)] int[]? VolumesMl = null, bool ClosedSystem = false, DateTimeOffset? PerformedAt = null);

/// <param name="VolumeMl">What the new bag holds, as weighed; the usual yield when absent.</param>
/// <param name="PerformedAt">For what is recorded afterwards: the new life counts from it; else now.</param>
public sealed record ProcessUnitRequest([property: Range(1, 1000)] int? VolumeMl = null, DateTimeOffset? PerformedAt = null);

/// <param name="DoseGy">Gray, where it was measured; outside 25 to 50 it does not count as irradiated (domain rules 3.1).</param>
/// <param name="PerformedAt">For what is recorded afterwards; else now.</param>
public sealed record IrradiateUnitRequest([property: Range(25.0, 50.0)] decimal? DoseGy = null, DateTimeOffset? PerformedAt = null);

public sealed record ProcessedUnitView(UnitView Unit, UnitView[] Made);

/// <summary>
/// POST /v1/units/{id}/split, wash, irradiate, thaw or relabel: the bag is consumed, and bags with labels of their own come of it, at the place where it was. Only what is in the
/// station's hands, without holds, and promised to nobody.
/// </summary>
public static class ProcessUnit
{
    public static void Map(IEndpointRouteBuilder app)
    {
        Of(app.MapPost("/v1/units/{id:guid}/split", (Guid id, SplitUnitRequest request, Caller caller, Database db, CancellationToken ct) => Split(id, request, caller, db, ct))).WithSummary("Divides a bag");
        Of(app.MapPost("/v1/units/{id:guid}/irradiate", (Guid id, IrradiateUnitRequest request, Caller caller, Database db, CancellationToken ct) =>
            Handle(id, "irradiate", request.PerformedAt, _ => [], false, new { request.DoseGy }, caller, db, ct))).WithSummary("Irradiates a bag of cells");
        foreach (var (process, summary) in new[] { ("wash", "Washes red cells"), ("thaw", "Thaws plasma or cryoprecipitate"), ("relabel", "Fresh frozen plasma becomes frozen plasma after its year") })
            Of(app.MapPost($"/v1/units/{{id:guid}}/{process}", (Guid id, ProcessUnitRequest request, Caller caller, Database db, CancellationToken ct) =>
                Handle(id, process, request.PerformedAt, _ => request.VolumeMl is { } volume ? [volume] : [], false, new { request.VolumeMl }, caller, db, ct))).WithSummary(summary);

        static RouteHandlerBuilder Of(RouteHandlerBuilder route) => route.Allow("inventory", Roles.Station).ByStaff("processing").Creates();
    }

    private static async Task<Results<Made<ProcessedUnitView>, ProblemHttpResult>> Split(Guid id, SplitUnitRequest request, Caller caller, Database db, CancellationToken ct)
    {
        if ((request.Parts is null) == (request.VolumesMl is null)) return CommonProblems.Invalid.With(null, new FieldError("/volumesMl", "invalid", "Either parts or volumesMl"));
        FieldError[] empty = [.. (request.VolumesMl ?? []).Index().Where(v => v.Item < 1).Select(v => new FieldError($"/volumesMl/{v.Index}", "invalid", "At least 1 ml"))];
        if (empty.Length > 0) return CommonProblems.Invalid.With(null, empty);
        return await Handle(id, "split", request.PerformedAt, unit => request.VolumesMl ?? Processing.EqualParts(unit.VolumeMl, request.Parts!.Value), !request.ClosedSystem, new { request.ClosedSystem }, caller, db, ct);
    }

    private static async Task<Results<Made<ProcessedUnitView>, ProblemHttpResult>> Handle(Guid id, string process, DateTimeOffset? performedAt, Func<UnitRow, int[]> volumes, bool opened, object details, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ProcessedUnitView>, ProblemHttpResult>>(async tx =>
        {
            // The donation, then the bag: whoever holds, releases or reserves it comes before or after.
            var unit = await tx.QuerySingle<Row>($"""
                select {UnitRow.Columns}, d.version as donation_version, d.donor_id, d.preservative, d.restrictions, array(select s.product_code || s.division from inventory.unit s where s.din = u.din) as labels,
                       (select m.from_status from inventory.unit_movement m where m.unit_id = u.id and m.kind = 'expired' order by m.id desc limit 1) as expired_from
                from inventory.donation d join inventory.unit u on u.din = d.din where u.id = @id and u.station_id = @Tenant for update of d, u
                """, new { id, caller.Tenant });
            if (unit is null) return await tx.Unknown("inventory.unit", id);
            if (unit.Status is not ("quarantine" or "available" or "expired")) return Problems.UnitState.With($"It is {unit.Status}");
            if (unit is { Status: "expired", ExpiredFrom: null }) return Problems.UnitState.With("It expired this moment; look again");
            if (unit.OpenHolds > 0) return Problems.UnitState.With("It is held");
            var at = performedAt ?? tx.Now;
            if (at > tx.Now) return Problems.PerformedInFuture.With(null, new FieldError("/performedAt", "in_future", "It lies in the future"));

            var rules = Parameters.ComponentsOn(Shanghai.DateOf(unit.CollectedAt));
            var (made, no) = Processing.Of(rules, new(unit.Component, unit.Division, unit.ContentU, unit.TreatmentUnits, unit.VolumeMl, unit.IrradiatedAt is not null, unit.CollectedAt, unit.ProducedAt, unit.ExpiresAt,
                unit.Preservative, unit.Restrictions, unit.Labels), new(process, at, volumes(unit), opened));
            if (no is not null) return no.ToProblem();

            // What had expired and is relabelled comes to where it was.
            var place = unit.Status == "expired" ? unit.ExpiredFrom! : unit.Status;
            UnitRow[] children = [.. made!.Select(m => new UnitRow
            {
                Id = tx.NewId(), Version = 1, Din = unit.Din, StationId = unit.StationId, Component = m.Component, ProductCode = m.ProductCode, Division = m.Division, BloodGroup = unit.BloodGroup, ContentU = m.ContentU,
                TreatmentUnits = m.TreatmentUnits, VolumeMl = m.VolumeMl, CollectedAt = unit.CollectedAt, ProducedAt = m.ProducedAt, ExpiresAt = m.ExpiresAt, Status = place, ParentId = id,
                IrradiatedAt = m.Irradiated ? unit.IrradiatedAt ?? at : null,
            })];
            foreach (var child in children)
                tx.Write("""
                    insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, content_u, treatment_units, volume_ml, collected_at, produced_at, expires_at, status, open_holds, parent_id, irradiated_at)
                    values (@Id, @Version, @Din, @StationId, @Component, @ProductCode, @Division, @BloodGroup, @ContentU, @TreatmentUnits, @VolumeMl, @CollectedAt, @ProducedAt, @ExpiresAt, @Status, 0, @ParentId, @IrradiatedAt)
                    """, child);
            // What is kept as the bag was is where the bag was.
            var ids = children.Select(c => c.Id).ToArray();
            if (rules.Components.First(c => c.Component == made![0].Component).Storage.In.SequenceEqual(rules.Components.First(c => c.Component == unit.Component).Storage.In))
                tx.WriteAny("""
                    insert into inventory.unit_stay (unit_id, din, station_id, place, since)
                    select c.id, c.din, s.station_id, s.place, greatest(s.since, @at) from inventory.unit_stay s cross join inventory.unit c where s.unit_id = @id and s.until is null and c.id = any(@ids)
                    """, new { id, ids, at });
            tx.Moved([id], "processed", "consumed", caller, at: at, code: process);
            tx.Write("update inventory.unit set status = 'consumed', version = version + 1 where id = @id and version = @Version", new { id, unit.Version });
            tx.Moved(ids, "made", null, caller, at: at, code: process);
            tx.Write("update inventory.donation set version = version + 1 where din = @Din and version = @DonationVersion", new { unit.Din, unit.DonationVersion });
            tx.Append(new UnitProcessed
            {
                Key = unit.Din, Version = unit.DonationVersion + 1, OccurredAt = at, StationId = unit.StationId, UnitId = id, Din = unit.Din, DonorId = unit.DonorId, Component = unit.Component, Process = process, Status = place,
                Made = [.. children.Select(c => new MadeOfUnit(c.Id, c.Component, c.ProductCode, c.Division, c.VolumeMl, c.ContentU, c.IrradiatedAt is not null, c.ExpiresAt))],
            });
            tx.Audit("unit." + process, $"/v1/units/{id}", details);
            unit.Status = "consumed";
            return Answers.Created($"/v1/donations/{unit.Din}", unit.DonationVersion + 1, new ProcessedUnitView(unit.View(tx.Now), [.. children.Select(c => c.View(tx.Now))]));
        }, ct);

    private sealed record Row : UnitRow
    {
        public long DonationVersion { get; init; }
        public Guid DonorId { get; init; }
        public string? Preservative { get; init; }
        public string[] Restrictions { get; init; } = [];
        public string[] Labels { get; init; } = [];
        public string? ExpiredFrom { get; init; }
    }
}
