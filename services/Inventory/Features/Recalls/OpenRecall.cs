using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.HospitalTasks;
using BloodPlatform.Inventory.Features.Projections;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Recalls;

/// <param name="Scope">Exactly one of `dins`, `donorId`, `bagLot`, `reagentLot`, `runId`, `driveId`, or `instrument` or `storagePlace` with `from` and `to`.</param>
/// <param name="DryRun">True unless said otherwise: says what would be found and changes nothing.</param>
/// <param name="DeadlineHours">Within which every bag is to be located; 24 when absent.</param>
/// <param name="Note">In words, sealed.</param>
public sealed record OpenRecallRequest(
    [property: AllowedValues("bag-defect", "reagent-defect", "instrument-fault", "test-error", "labelling-error", "contamination", "collection-error", "storage-deviation", "donor-information", "other")] string Cause,
    RecallScope Scope,
    bool DryRun = true,
    [property: Range(1, 720)] int? DeadlineHours = null,
    [property: StringLength(400, MinimumLength = 1)] string? Note = null);

/// <summary>
/// POST /v1/recalls (domain rules 3.4): a station recalls its own donations by what they have in common. In one transaction all are listed, what may still reach a patient is held, and the hospitals are
/// asked for what they were given. What turns out to lie in the scope while the case is open is taken in too.
/// </summary>
public static class OpenRecall
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/recalls", Handle)
        .Allow("inventory", Roles.Station).ByStaff("quality").NeedsIdempotencyKey().Creates().WithSummary("Recalls donations by what they have in common; first as a dry run, which is answered with 200");

    private static async Task<Results<Made<RecallView>, Ok<RecallPreview>, ProblemHttpResult>> Handle(OpenRecallRequest request, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        if (request.Scope.Kind is not { } kind) return CommonProblems.Invalid.With(null, new FieldError("/scope", "invalid", "Exactly one of dins, donorId, bagLot, reagentLot, runId, driveId, or instrument or storagePlace with from and to"));
        var numbers = (request.Scope.Dins ?? []).Select(Din.Parse).ToArray();
        if (Errors(numbers, n => n is null, "din_invalid", "Not a donation number") is { Length: > 0 } invalid) return Problems.DinInvalid.With(null, invalid);
        var scope = request.Scope.Dins is null ? request.Scope : request.Scope with { Dins = [.. numbers.Select(n => n!.Value.Text).Distinct().Order(StringComparer.Ordinal)] };
        return await db.InTransaction<Results<Made<RecallView>, Ok<RecallPreview>, ProblemHttpResult>>(async tx =>
        {
            var rules = Parameters.RecallOn(Shanghai.DateOf(tx.Now));
            var found = await tx.Read($"""
                {(request.DryRun ? "select 1;" : RecallRow.Lock)}
                select d.din from inventory.donation d where d.station_id = @Tenant and {InScope(kind)} order by d.din limit @most + 1;
                """, new { caller.Tenant, scope.Dins, scope.DonorId, scope.BagLot, scope.ReagentLot, scope.RunId, scope.DriveId, scope.Instrument, scope.StoragePlace, scope.From, scope.To, most = rules.LargestScope }, async grid =>
            {
                await grid.ReadAsync<int>();
                return (await grid.ReadAsync<string>()).ToHashSet();
            });
            if (Errors(numbers, n => !found.Contains(n!.Value.Text), "din_unknown", "Unknown") is { Length: > 0 } unknown && found.Count <= rules.LargestScope) return Problems.DinUnknown.With("No donation of this station has this number", unknown);
            if (found.Count > rules.LargestScope) return Problems.RecallTooLarge.With($"At most {rules.LargestScope} donations");
            if (kind == "storagePlace" && scope.To > tx.Now) return CommonProblems.Invalid.With(null, new FieldError("/scope/to", "in_future", "What was kept there until now"));
            if (found.Count == 0 && !request.DryRun) return Problems.RecallEmpty.With();

            // Donors' rows, then donations by number, as everybody locks. A person is found anew under the lock: he may be merged meanwhile.
            var files = await (kind == "donorId"
                ? DonationFile.Load(tx, [], caller.Tenant, forUpdate: !request.DryRun, donor: scope.DonorId, which: $"in (select f.din from inventory.donation f where f.station_id = @station and f.donor_id in {Persons.Ids("@donor")})")
                : DonationFile.Load(tx, [.. found], caller.Tenant, forUpdate: !request.DryRun));
            var reached = files.ByDin.Values.OrderBy(f => f.Din, StringComparer.Ordinal).ToList();
            if (request.DryRun)
            {
                var bags = reached.SelectMany(f => f.Units).Select(u => u.View(tx.Now, [])).ToList();
                tx.Audit("recall.dry-run", "/v1/recalls", new { kind, donations = reached.Count });
                return TypedResults.Ok(new RecallPreview(true, scope, reached.Count, reached.Count(f => f.InDate(tx.Now)), bags.Count, bags.GroupBy(b => b.Status).OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count()),
                    [.. bags.Where(b => b.Status is "issued" or "received" or "transfused" && b.HospitalId is not null).GroupBy(b => b.HospitalId!.Value).OrderBy(g => g.Key).Select(g => new RecallHospital(g.Key, g.Count()))]));
            }

            var id = tx.NewId();
            var key = vault.CreateKey(tx, id);
            var row = new RecallRow
            {
                Id = id, Version = 1, StationId = caller.Tenant, Cause = request.Cause, Note = request.Note is { } note ? key.Seal(RecallRow.NoteField, note) : null, ScopeJson = JsonSerializer.Serialize(scope, Json.Options),
                Deadline = tx.Now.AddHours(request.DeadlineHours ?? rules.DeadlineHours), OpenedAt = tx.Now, OpenedBy = caller.Staff!.Id,
            };
            tx.Write("""
                insert into inventory.recall (id, version, station_id, cause, note, scope, donor_id, deadline, opened_at, opened_by)
                values (@Id, @Version, @StationId, @Cause, @Note, @ScopeJson::jsonb, @DonorId, @Deadline, @OpenedAt, @OpenedBy)
                """, new { row.Id, row.Version, row.StationId, row.Cause, row.Note, row.ScopeJson, scope.DonorId, row.Deadline, row.OpenedAt, row.OpenedBy });
            var tasks = row.Reach(tx, reached, caller);
            var held = reached.Where(f => f.Changed).ToList();
            DonationFile.Save(tx, held);
            tx.Append(new RecallOpened { Key = id.ToString(), Version = 1, OccurredAt = tx.Now, StationId = caller.Tenant, RecallId = id, Donations = reached.Count, Held = held.Count, BagsAsked = tasks.Count });
            tx.Audit("recall.open", $"/v1/recalls/{id}", new { request.Cause, kind, donations = reached.Count, held = held.Count, asked = tasks.Count });
            return Answers.Created($"/v1/recalls/{id}", 1, row.View(reached, tasks, key, tx.Now));
        }, ct);
    }

    /// <summary>The same as <see cref="RecallScope.Covers"/> says of one donation.</summary>
    private static string InScope(string kind) => kind switch
    {
        "dins" => "d.din = any(@Dins)",
        "donorId" => $"d.donor_id in {Persons.Ids("@DonorId")}",
        "bagLot" => "d.bag_lot = @BagLot",
        "driveId" => "d.drive_id = @DriveId",
        "storagePlace" => "d.din in (select s.din from inventory.unit_stay s where s.station_id = @Tenant and s.place = @StoragePlace and s.since <= @To and coalesce(s.until, 'infinity') > @From)",
        _ => $"d.din in (select r.din from inventory.test_run t join inventory.test_result r on r.test_run = t.id where t.station_id = @Tenant and {kind switch { "reagentLot" => "t.reagent_lot = @ReagentLot", "runId" => "t.run_id = @RunId", _ => "t.instrument = @Instrument and r.performed_at between @From and @To" }})",
    };

    private static FieldError[] Errors(Din?[] numbers, Func<Din?, bool> wrong, string code, string message) => [.. numbers.Select((n, i) => (n, i)).Where(x => wrong(x.n)).Select(x => new FieldError($"/scope/dins/{x.i}", code, message))];
}
