using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Holds;

public sealed record LiftHoldRequest([property: StringLength(80, MinimumLength = 1)] string Reason);

/// <param name="UnitId">Null for a hold on the donation and all its bags.</param>
/// <param name="Signatures">How many people have said that it may go; two lift it.</param>
public sealed record HoldDetailView(Guid Id, string Din, Guid? UnitId, string Kind, DateTimeOffset PlacedAt, int Signatures, DateTimeOffset? LiftedAt, string[] AllowedActions);

/// <summary>POST /v1/holds/{id}/lift: two quality people answer for it; the second one's word lifts this hold and no other; a bag that came back to quarantine and waited for it alone is stock again. A hold for tests stays while a test stands against the donation.</summary>
public static class LiftHold
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/holds/{id:guid}/lift", Handle).Allow("inventory", Roles.Station).ByStaff("quality").WithSummary("Says that a hold may go; the second person's word lifts it");
        app.MapGet("/v1/holds/{id:guid}", Get).Allow("inventory", Roles.Station).WithSummary("A hold");
    }

    private static async Task<Results<Made<HoldDetailView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<Row>("""
            select h.id, h.din, h.unit_id, h.kind, h.placed_at, h.lifted_at, (select count(*)::int from inventory.hold_lift_signature s where s.hold_id = h.id) as signatures from inventory.hold h join inventory.donation d on d.din = h.din where h.id = @id and d.station_id = @Tenant
            """, new { id, caller.Tenant }, ct) is { } hold ? Answers.Ok(hold.LiftedAt is null ? 1 : 2, hold.View) : await db.Unknown("inventory.hold", id, ct);

    private static async Task<Results<Made<HoldDetailView>, Accepted<SignaturesView>, ProblemHttpResult>> Handle(Guid id, LiftHoldRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<HoldDetailView>, Accepted<SignaturesView>, ProblemHttpResult>>(async tx =>
        {
            var file = (await DonationFile.Load(tx, [], caller.Tenant, forUpdate: true, which: "in (select h.din from inventory.hold h where h.id = @hold)", prepareArgs: new { hold = id })).ByDin.Values.SingleOrDefault();
            if (file is null) return await tx.Unknown("inventory.hold", id);
            if (file.Holds.Find(h => h.Id == id) is not { } hold) return Problems.HoldLifted.With();
            if (file.Corrections.Exists(c => c.Kind == "voided" && c.CorrectionId == hold.SourceId)) return Problems.DonationVoided.With();
            if (hold.Kind == "test" && file.Conclusions.Alarming) return Problems.StillReactive.With();

            if (hold.LiftSigners.Contains(caller.Staff!.Id)) return Problems.SameSigner.With();
            tx.Write("insert into inventory.hold_lift_signature (hold_id, staff_id, reason, signed_at) values (@id, @by, @Reason, @now)", new { id, by = caller.Staff.Id, request.Reason, now = tx.Now });
            tx.Audit("hold.lift", $"/v1/holds/{id}", new { hold.Kind, hold.Din, signatures = hold.LiftSigners.Length + 1 });
            if (hold.LiftSigners.Length == 0) return TypedResults.Accepted((string?)null, new SignaturesView(1));

            var units = file.Units.Where(u => hold.UnitId is null || u.Id == hold.UnitId).Select(u => u.Id).ToArray();
            tx.Write("update inventory.hold set lifted_at = @now, lifted_by = @by, lift_reason = @Reason where id = @id and lifted_at is null", new { id, now = tx.Now, by = caller.Staff.Id, request.Reason });
            tx.Write("update inventory.unit set open_holds = open_holds - 1, version = version + 1 where id = any(@units)", new { units }, rows: units.Length);
            tx.Moved(units, "hold-lifted", null, caller, code: hold.Kind);
            if (hold.UnitId is null) file.Row.OpenHolds--;
            if (file.Row.ReleasedAt is not null && file.Units.Exists(u => units.Contains(u.Id) && u.Status == "quarantine")) await BackToStock(tx, file, units, caller);
            file.Save(tx);
            return Answers.Ok(2, new HoldDetailView(id, hold.Din, hold.UnitId, hold.Kind, hold.PlacedAt, 2, tx.Now, []));
        }, ct);

    /// <summary>A bag that came back, to the quarantine of a donation that is released, waited for this word only: the last one makes it available.</summary>
    private static async Task BackToStock(Transaction tx, DonationFile file, Guid[] units, Caller caller)
    {
        // Locked before they are judged: a hold on a single bag locks the bag alone.
        var back = await tx.Query<UnitRow>($"{UnitRow.Select} where u.id = any(@units) and u.status = 'quarantine' and u.open_holds = 1 and u.expires_at > @now order by u.id for update of u", new { units, now = tx.Now });
        back.RemoveAll(u => u is not { Status: "quarantine", OpenHolds: 1 });
        var ids = back.Select(u => u.Id).ToArray();
        if (ids.Length == 0) return;
        tx.Moved(ids, "restocked", "available", caller);
        tx.Write("update inventory.unit set status = 'available', version = version + 1 where id = any(@ids) and open_holds = 0", new { ids }, rows: ids.Length);
        foreach (var unit in back)
            file.Append(tx, version => new UnitReleased
            {
                Key = file.Din, Version = version, OccurredAt = tx.Now, StationId = unit.StationId, UnitId = unit.Id, Din = file.Din, DonorId = file.Row.DonorId!.Value, Component = unit.Component,
                BloodGroup = unit.BloodGroup!, VolumeMl = unit.VolumeMl, ContentU = unit.ContentU,
            });
    }

    private sealed record Row
    {
        public Guid Id { get; init; }
        public string Din { get; init; } = "";
        public Guid? UnitId { get; init; }
        public string Kind { get; init; } = "";
        public DateTimeOffset PlacedAt { get; init; }
        public DateTimeOffset? LiftedAt { get; init; }
        public int Signatures { get; init; }

        public HoldDetailView View => new(Id, Din, UnitId, Kind, PlacedAt, Signatures, LiftedAt, LiftedAt is null ? ["lift"] : []);
    }
}
