using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Recalls;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Storage;

/// <param name="Place">The code of a place of storage of the station.</param>
/// <param name="At">Since when it is there, for what is recorded afterwards; else now.</param>
public sealed record TransferUnitRequest([property: StringLength(40, MinimumLength = 1)] string Place, DateTimeOffset? At = null);

/// <param name="Units">All of them or none.</param>
/// <param name="At">Since when they are there, for what is recorded afterwards; else now.</param>
public sealed record StoreUnitsRequest([property: MinLength(1), MaxLength(1000)] Guid[] Units, DateTimeOffset? At = null);

/// <param name="Held">Bags that are held, because it was too warm or too cold there since.</param>
public sealed record StoredView(string Place, int Units, Guid[] Held);

/// <summary>
/// POST /v1/units/{id}/transfer, and POST /v1/storage-places/{code}/arrivals for a trolley full: where bags in the station's hands are kept. What the sensors said of the place
/// since then counts for them.
/// </summary>
public static class StoreUnits
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/units/{id:guid}/transfer", async (Guid id, TransferUnitRequest request, Caller caller, Database db, CancellationToken ct) => await Handle(request.Place, [id], request.At, true, caller, db, ct))
            .Allow("inventory", Roles.Station).WithSummary("Says where a bag is kept");
        app.MapPost("/v1/storage-places/{code}/arrivals", async (string code, StoreUnitsRequest request, Caller caller, Database db, CancellationToken ct) => await Handle(code, [.. request.Units.Distinct()], request.At, false, caller, db, ct))
            .Allow("inventory", Roles.Station).WithSummary("Says which bags are kept in a place from now on");
    }

    private static async Task<Results<Made<StoredView>, ProblemHttpResult>> Handle(string code, Guid[] ids, DateTimeOffset? at, bool one, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<StoredView>, ProblemHttpResult>>(async tx =>
        {
            var since = at ?? tx.Now;
            if (since > tx.Now) return Problems.PerformedInFuture.With(null, new FieldError("/at", "in_future", "It lies in the future"));
            // The place first: what is measured there waits for us, or we read it. And nobody opens a recall of it meanwhile.
            var (place, recalled, units) = await tx.Read($"""
                {RecallRow.LockShared}
                select p.kind, p.closed from inventory.storage_place p where p.station_id = @Tenant and p.code = @code for update;
                select exists (select from inventory.recall r where r.station_id = @Tenant and r.closed_at is null and r.scope ->> 'storagePlace' = @code and (r.scope ->> 'to')::timestamptz >= @since);
                {UnitRow.Select} where u.id = any(@ids) and u.station_id = @Tenant order by u.id for update of u
                """, new { caller.Tenant, recalls = caller.Tenant, code, ids, since }, async grid =>
            {
                await grid.ReadAsync<int>();
                return (await grid.ReadSingleOrDefaultAsync<Place>(), await grid.ReadSingleAsync<bool>(), (await grid.ReadAsync<UnitRow>()).ToList());
            });
            if (one && units.Count == 0) return await tx.Unknown("inventory.unit", ids[0]);
            if (place is null) return one ? CommonProblems.Invalid.With(null, new FieldError("/place", "unknown", "No place of storage of this station")) : CommonProblems.NotFound.With();
            if (place.Closed) return Problems.PlaceClosed.With();
            if (recalled) return Problems.PlaceRecalled.With();
            var rules = Parameters.ComponentsOn(Shanghai.DateOf(tx.Now));
            FieldError[] errors = [.. ids.Index().Select(i => (i.Index, i.Item, Unit: units.Find(u => u.Id == i.Item))).Select(i => (Pointer: one ? "" : $"/units/{i.Index}", Why:
                i.Unit is null ? ("unknown", "No bag of this station")
                : i.Unit.Status is not ("quarantine" or "available" or "reserved" or "expired" or "returned") ? ("not_here", $"It is {i.Unit.Status}")
                : since < i.Unit.ProducedAt ? ("before_production", "It was not made then")
                : ColdChain.Suits(rules, i.Unit.Component, place.Kind) ? default : ("unsuitable", $"{i.Unit.Component} is not kept in a {place.Kind}"))).Where(e => e.Why.Item1 is not null).Select(e => new FieldError(e.Pointer, e.Why.Item1, e.Why.Item2))];
            if (errors.Length > 0) return Problems.PlaceUnsuitable.With(null, errors);

            var readings = await tx.Query<Reading>("select r.place, r.at, r.celsius from inventory.temperature_reading r where r.station_id = @Tenant and r.place = @code and r.at >= @since", new { caller.Tenant, code, since });
            End(tx, ids, since);
            Begin(tx, ids, code, since);
            tx.Moved(ids, "transferred", null, caller, at: since, code: code);
            var held = units.Where(u => ColdChain.Excursion(rules, new(u.Component, code, since, null), readings, _ => place.Kind) is not null).ToArray();
            HoldUnit.Place(tx, held, "cold-chain", $"temperature in {code}", caller);
            if (held.Length < ids.Length) tx.Write("update inventory.unit set version = version + 1 where id = any(@rest)", new { rest = ids.Except(held.Select(u => u.Id)).ToArray() }, rows: ids.Length - held.Length);
            return Answers.Ok(one ? units[0].Version + 1 : 1, new StoredView(code, ids.Length, [.. held.Select(u => u.Id)]));
        }, ct);

    /// <summary>Bags are no longer where they were, if anybody knew.</summary>
    internal static void End(Transaction tx, Guid[] units, DateTimeOffset at) =>
        tx.WriteAny("update inventory.unit_stay set until = greatest(since, @at) where unit_id = any(@units) and until is null", new { units, at });

    internal static void Begin(Transaction tx, Guid[] units, string place, DateTimeOffset since) =>
        tx.Write("insert into inventory.unit_stay (unit_id, din, station_id, place, since) select u.id, u.din, u.station_id, @place, @since from inventory.unit u where u.id = any(@units)", new { units, place, since }, rows: units.Length);

    private sealed record Place(string Kind, bool Closed);
}
