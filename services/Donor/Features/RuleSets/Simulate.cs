using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.RuleSets;

/// <summary>What a draft would change. Nothing but counts of donors, and the appointments that would fall out.</summary>
/// <param name="Changed">Donors whose dates would differ.</param>
/// <param name="Appointments">Booked ones to come, of donors who may give on that day and could not.</param>
/// <param name="AppointmentIds">The first thousand of <paramref name="Appointments"/>.</param>
public sealed record SimulationView(long Examined, long Changed, IReadOnlyList<SimulatedProcedure> Procedures, long Appointments, IReadOnlyList<Guid> AppointmentIds);

/// <param name="Opened">Donors who could give on the draft's first day (today where that is over), and may not as the rules are.</param>
/// <param name="Closed">Donors who may give on it as the rules are, and could not.</param>
public sealed record SimulatedProcedure(string Procedure, long Opened, long Closed);

public sealed record JobStarted(Guid JobId);

/// <summary>
/// POST /v1/rule-sets/{code}/simulate: every donor is judged by the draft and by what holds. Reads only. What two seconds don't
/// suffice for goes on as a job, whose result is the same.
/// </summary>
public static class Simulate
{
    public const string Kind = "simulate-rule-set";
    private const int AtOnce = 250;
    private const int Listed = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/rule-sets/{code}/simulate", Handle)
        .Allow("rules", Roles.Authority, Roles.Station).IgnoresIdempotencyKey().WithSummary("What a draft would change");

    public sealed record Order(string Draft, State State);

    public sealed record State(Guid? After, SimulationView Found);

    private static async Task<Results<Ok<SimulationView>, Accepted<JobStarted>, ProblemHttpResult>> Handle(string code, RuleSetRequest request, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<SimulationView>, Accepted<JobStarted>, ProblemHttpResult>>(async tx =>
        {
            var (draft, problem) = request.Read(code, await books.At(await tx.QuerySingle<long>(RuleBooks.Position)), Shanghai.DateOf(tx.Now));
            if (problem is not null) return problem;
            var machine = TimeProvider.System;
            var started = machine.GetTimestamp();
            var state = new State(Guid.Empty, new(0, 0, [.. Procedures.All.Select(p => new SimulatedProcedure(p, 0, 0))], 0, []));
            while (state.After is not null)
            {
                if (machine.GetElapsedTime(started) > Patience)
                {
                    var jobId = tx.StartJob(Kind, new Order(RuleSetRequest.Text(draft!), state));
                    return TypedResults.Accepted($"/v1/donor-jobs/{jobId}", new JobStarted(jobId));
                }
                state = await Advance(tx, draft!, state, vault, books);
            }
            return TypedResults.Ok(state.Found);
        }, ct);

    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var order = job.Input<Order>();
        var total = job.Total ?? await tx.QuerySingle<long>("select count(*) from donor.donor");
        var state = await Advance(tx, RuleBook.Parse(order.Draft), job.Cursor<State>() ?? order.State, services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        return state.After is null ? JobStep.Finished(state.Found, state.Found.Examined) : JobStep.Next(state, state.Found.Examined, total);
    }

    private static async Task<State> Advance(Transaction tx, RuleDocument draft, State state, Vault vault, RuleBooks books)
    {
        var (people, book, _, last) = await Population.After(tx, vault, books, state.After!.Value, AtOnce, locked: false);
        var found = state.Found;
        // Until the draft begins nothing is opened or closed by it.
        var first = Shanghai.DateOf(tx.Now) is var today && draft.ValidFrom > today ? draft.ValidFrom : today;
        var then = book.With(draft);
        var procedures = found.Procedures.ToArray();
        var changed = new Dictionary<Guid, DonorFacts>();
        foreach (var person in people)
        {
            var differs = false;
            for (var i = 0; i < procedures.Length; i++)
            {
                var (isNow, isThen) = (Eligibility.Obstacles(person.Facts, procedures[i].Procedure, book), Eligibility.Obstacles(person.Facts, procedures[i].Procedure, then));
                if (Eligibility.Windows(isNow).SequenceEqual(Eligibility.Windows(isThen))) continue;
                differs = true;
                var (mayNow, mayThen) = (isNow.On(first).Length == 0, isThen.On(first).Length == 0);
                if (mayNow && !mayThen) procedures[i] = procedures[i] with { Closed = procedures[i].Closed + 1 };
                if (!mayNow && mayThen) procedures[i] = procedures[i] with { Opened = procedures[i].Opened + 1 };
            }
            if (differs) changed[person.Id] = person.Facts;
        }
        var booked = changed.Count == 0 ? [] : await tx.Query<BookedRow>("""
            select a.appointment_id, coalesce(q.person_id, a.donor_id) as donor_id, a.procedure, a.slot_starts_at from donor.appointment a left join donor.donor_person q on q.donor_id = a.donor_id
            where coalesce(q.person_id, a.donor_id) = any(@ids) and a.slot_starts_at >= @now and a.cancelled_version < greatest(a.booked_version, a.moved_version) order by a.appointment_id
            """, new { ids = changed.Keys.ToArray(), now = tx.Now });
        var lost = booked.Where(b => Shanghai.DateOf(b.SlotStartsAt) is var day && Eligibility.Obstacles(changed[b.DonorId], b.Procedure, book).On(day).Length == 0 && Eligibility.Obstacles(changed[b.DonorId], b.Procedure, then).On(day).Length > 0).ToArray();
        return new(last, new(found.Examined + people.Count, found.Changed + changed.Count, procedures, found.Appointments + lost.Length, [.. found.AppointmentIds.Concat(lost.Select(b => b.AppointmentId)).Take(Listed)]));
    }

    private sealed record BookedRow(Guid AppointmentId, Guid DonorId, string Procedure, DateTimeOffset SlotStartsAt);
}
