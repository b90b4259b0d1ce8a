using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.HospitalTasks;

/// <param name="At">When it was so; now when absent.</param>
public sealed record AnswerHospitalTaskRequest([property: AllowedValues("quarantined", "transfused", "discarded", "not-found", "returned-to-station")] string Outcome, DateTimeOffset? At = null);

/// <summary>
/// POST /v1/hospital-tasks/{id}/answer: where the bag is, in the hospital's word. Each answer is kept. It moves no bag: a transfusion is recorded as one, and what comes back the station takes in itself.
/// </summary>
public static class AnswerHospitalTask
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/hospital-tasks/{id:guid}/answer", Handle).Allow("orders", Roles.Hospital).WithSummary("Answers what became of a bag");

    private static async Task<Results<Made<HospitalTaskView>, ProblemHttpResult>> Handle(Guid id, AnswerHospitalTaskRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<HospitalTaskView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<HospitalTaskRow>($"{HospitalTaskRow.Select} where t.id = @id and t.hospital_id = @Tenant for update of t", new { id, caller.Tenant }) is not { } task) return await tx.Unknown("inventory.hospital_task", id);
            var at = request.At ?? tx.Now;
            if (at > tx.Now.AddMinutes(5)) return Problems.PerformedInFuture.With(null, new FieldError("/at", "in_future", "It lies in the future"));
            if (at < task.CollectedAt) return CommonProblems.Invalid.With(null, new FieldError("/at", "before_collection", "It lies before the collection"));
            if (!RecallProgress.MayAnswer(task.Outcome, request.Outcome)) return Problems.TaskAnswered.With($"It was answered: {task.Outcome}");
            if (task.UnitStatus == "transfused" && request.Outcome != "transfused") return Problems.UnitState.With("Its transfusion is recorded");

            var answered = task with { Version = task.Version + 1, Outcome = request.Outcome, OutcomeAt = at, AnsweredAt = tx.Now };
            tx.Write("update inventory.hospital_task set version = @Version, outcome = @Outcome, outcome_at = @OutcomeAt, answered_at = @AnsweredAt where id = @Id", answered);
            tx.Write("insert into inventory.hospital_answer (task_id, version, outcome, outcome_at, answered_at, client_id, staff_id) values (@id, @Version, @Outcome, @at, @now, @ClientId, @staff)",
                new { id, answered.Version, request.Outcome, at, now = tx.Now, caller.ClientId, staff = caller.Staff?.Id });
            tx.Audit("hospital-task.answer", $"/v1/hospital-tasks/{id}", new { request.Outcome });
            return Answers.Ok(answered.Version, answered.View(caller, tx.Now));
        }, ct);
}
