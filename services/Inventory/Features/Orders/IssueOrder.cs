using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Storage;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <param name="Box">The box or vehicle in which they travel, a place of storage: what is measured there counts for them.</param>
public sealed record IssueOrderRequest([property: StringLength(40, MinimumLength = 1)] string? Box = null);

/// <summary>
/// POST /v1/orders/{id}/issue: the reserved bags leave. What was true when they were reserved is asked again now, under their
/// locks: no hold, in date, crossmatched where there is a patient, and nothing unheard from Donor.
/// </summary>
public static class IssueOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/orders/{id:guid}/issue", Handle)
        .Allow("orders", Roles.Station).ByStaff("issue").NeedsIdempotencyKey().WithSummary("Issues the reserved bags to the hospital");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(Guid id, IssueOrderRequest? request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
        {
            if ((await OrderFile.Load(tx, $"o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant }, forUpdate: true)).SingleOrDefault() is not { } order) return await tx.Unknown("inventory.hospital_order", id);
            var row = order.Row;
            if (row.Status is not ("allocated" or "partially-allocated")) return Problems.OrderState.With($"It is {row.Status}");
            // What was transfused out of the reservation has left already.
            var leaving = order.Lines.Where(l => l.Status != "transfused").ToList();
            if (leaving.Count == 0) return Problems.NotIssuable.With("All its bags were transfused before they were issued");
            var errors = leaving.SelectMany(l => WhyNot(l, row, tx.Now)).ToArray();
            if (errors.Length > 0) return Problems.NotIssuable.With("POST …/allocate replaces what may not leave", errors);
            if (order.StaleDonors.Count > 0) return Problems.DonorFactsStale.With();
            if (request?.Box is { } code && !await tx.QuerySingle<bool>("""
                select exists (select from inventory.storage_place p, pg_advisory_xact_lock_shared(hashtextextended('inventory.recalls/' || @StationId, 0)) where p.station_id = @StationId and p.code = @code and p.kind in ('box', 'vehicle') and not p.closed)
                """, new { row.StationId, code }))
                return CommonProblems.Invalid.With(null, new FieldError("/box", "unknown", "No box or vehicle of this station"));

            Move(tx, order, leaving, "issued", "issued", caller, (line, version) => new UnitIssued
            {
                Key = line.Din, Version = version, OccurredAt = tx.Now, StationId = line.StationId, UnitId = line.UnitId, Din = line.Din, DonorId = line.DonorId, Component = line.Component,
                BloodGroup = line.BloodGroup, VolumeMl = line.VolumeMl, ContentU = line.ContentU, HospitalId = row.HospitalId, OrderId = id,
            });
            if (request?.Box is { } box) StoreUnits.Begin(tx, [.. leaving.Select(l => l.UnitId)], box, tx.Now);
            return Answers.Ok(row.Version, order.View(vault, caller));
        }, ct);

    private static IEnumerable<FieldError> WhyNot(LineRow line, OrderRow order, DateTimeOffset now)
    {
        var pointer = $"/lines/{line.UnitId}";
        if (line.OpenHolds > 0) yield return new(pointer, "held", "A hold is open on it");
        if (line.ExpiresAt < now) yield return new(pointer, "expired", "It has expired");
        if (line.Status != "reserved") yield return new(pointer, "not_reserved", $"It is {line.Status}");
        if (order.NeedsCrossmatch && line.Crossmatch != "compatible") yield return new(pointer, line.Crossmatch is null ? "crossmatch_missing" : "crossmatch_incompatible", "The order is for a patient: a compatible crossmatch is needed");
    }

    /// <summary>Bags of an order enter a status together, each with its event, in its donation's order; and the order the one that follows.</summary>
    internal static void Move(Transaction tx, OrderFile order, List<LineRow> lines, string status, string orderStatus, Caller caller, Func<LineRow, long, Contracts.DomainEvent> @event)
    {
        var row = order.Row;
        var ids = lines.Select(l => l.UnitId).ToArray();
        tx.Moved(ids, status, status, caller, orderId: row.Id, hospitalId: row.HospitalId);
        tx.Write("update inventory.unit set status = @status, hospital_id = @HospitalId, version = version + 1 where id = any(@ids)", new { status, row.HospitalId, ids }, rows: ids.Length);
        foreach (var donation in lines.GroupBy(l => l.Din))
        {
            var version = donation.First().DonationVersion;
            foreach (var line in donation)
            {
                tx.Append(@event(line, ++version));
                line.Status = status;
            }
            tx.Write("update inventory.donation set version = @version where din = @Key and version = @before", new { version, donation.Key, before = donation.First().DonationVersion });
        }
        tx.Write("update inventory.hospital_order set version = version + 1, status = @orderStatus where id = @Id and version = @Version", new { orderStatus, row.Id, row.Version });
        tx.Audit($"order.{status}", $"/v1/orders/{row.Id}", new { units = ids.Length });
        (row.Status, row.Version) = (orderStatus, row.Version + 1);
        order.Say(tx);
    }
}
