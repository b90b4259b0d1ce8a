using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Haemovigilance;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <param name="Kind">Classes of WS/T 624-2018 (domain rules 3.4, confidence medium).</param>
/// <param name="Severity">1 slight, 2 severe, 3 a danger to life, 4 death.</param>
/// <param name="Imputability">How surely the blood was its cause.</param>
/// <param name="OnsetAt">When it began.</param>
public sealed record RecordReactionRequest(
    [property: AllowedValues("febrile", "allergic", "allergic-severe", "haemolytic-acute", "haemolytic-delayed", "trali", "taco", "tad", "hypotensive", "ta-gvhd", "ptp", "alloimmunisation", "iron-overload", "bacterial", "transmitted-infection", "other")] string Kind,
    [property: Range(1, 4)] int Severity,
    [property: AllowedValues("excluded", "unlikely", "possible", "probable", "definite")] string Imputability,
    DateTimeOffset OnsetAt);

/// <summary>
/// POST /v1/units/{id}/reaction: what happened to a patient after a bag, in the hospital's word. What may lie in the blood itself (bacteria, an infection, antibodies that
/// attack lungs) and is not excluded holds all that is left of the donation in the same transaction: its other bags would do the same to others. Nothing is ever changed: what is judged otherwise later is recorded beside it.
/// </summary>
public static class RecordReaction
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/units/{id:guid}/reaction", Handle).Allow("orders", Roles.Hospital).Creates().WithSummary("Records a reaction to a transfused bag; what may lie in the blood holds the rest of the donation");

    private static async Task<Results<Made<ReactionView>, ProblemHttpResult>> Handle(Guid id, RecordReactionRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReactionView>, ProblemHttpResult>>(async tx =>
        {
            var of = await tx.QuerySingle<Row>("""
                select u.din, u.station_id, u.component, u.blood_group, t.id as transfusion_id, t.transfused_at from inventory.unit u left join inventory.transfusion t on t.unit_id = u.id and t.hospital_id = @Tenant
                where u.id = @id and (t.id is not null or u.hospital_id = @Tenant)
                """, new { id, caller.Tenant });
            if (of is null) return await tx.Unknown("inventory.unit", id);
            if (of.TransfusionId is not { } transfusion) return Problems.UnitState.With("Its transfusion is not recorded: POST …/transfusion first");
            if (request.OnsetAt > tx.Now.AddMinutes(5)) return Problems.PerformedInFuture.With(null, new FieldError("/onsetAt", "in_future", "It lies in the future"));
            if (request.OnsetAt < of.TransfusedAt) return CommonProblems.Invalid.With(null, new FieldError("/onsetAt", "before_transfusion", "It lies before the transfusion"));

            var (reaction, held) = (tx.NewId(), false);
            var rules = Parameters.ReactionOn(Shanghai.DateOf(tx.Now));
            if (rules.Hold(request.Kind, request.Imputability))
            {
                var file = (await DonationFile.Load(tx, [of.Din], null, forUpdate: true)).ByDin[of.Din];
                if (file.InDate(tx.Now))
                {
                    file.Hold(tx, "quality", reaction);
                    file.Save(tx);
                    held = true;
                }
            }
            tx.Write("""
                insert into inventory.transfusion_reaction (id, transfusion_id, unit_id, din, station_id, hospital_id, kind, severity, imputability, onset_at, held, recorded_at, client_id)
                values (@reaction, @transfusion, @id, @Din, @StationId, @Tenant, @Kind, @Severity, @Imputability, @OnsetAt, @held, @now, @ClientId)
                """, new { reaction, transfusion, id, of.Din, of.StationId, caller.Tenant, request.Kind, request.Severity, request.Imputability, request.OnsetAt, held, now = tx.Now, caller.ClientId });
            tx.Audit("unit.reaction", $"/v1/units/{id}", new { request.Kind, request.Severity, request.Imputability, held, rules = rules.Version });
            return Answers.Created($"/v1/units/{id}/reaction", 1, new ReactionView { Id = reaction, UnitId = id, Din = of.Din, Component = of.Component, BloodGroup = of.BloodGroup, HospitalId = caller.Tenant, Kind = request.Kind, Severity = request.Severity, Imputability = request.Imputability, OnsetAt = request.OnsetAt, Held = held, RecordedAt = tx.Now });
        }, ct);

    private sealed record Row
    {
        public string Din { get; init; } = "";
        public Guid StationId { get; init; }
        public string Component { get; init; } = "";
        public string? BloodGroup { get; init; }
        public Guid? TransfusionId { get; init; }
        public DateTimeOffset? TransfusedAt { get; init; }
    }
}
