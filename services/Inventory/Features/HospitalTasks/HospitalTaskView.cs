using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.HospitalTasks;

/// <summary>
/// What a hospital is asked of one bag. Each side has its half: the hospital sees neither donor nor result nor the station's case, the station sees no patient.
/// </summary>
/// <param name="Why">`recall` or `lookback`.</param>
/// <param name="CaseId">The station's: its recall, or what its look-back's holds name. Null for the hospital.</param>
/// <param name="Overdue">Nothing was answered by the deadline.</param>
/// <param name="Outcome">`quarantined`, `transfused`, `discarded`, `not-found` or `returned-to-station`; null while nothing was answered.</param>
public sealed record HospitalTaskView(
    Guid Id, string Why, Guid UnitId, string Din, string Component, string? BloodGroup, Guid StationId, Guid HospitalId, Guid? CaseId, DateTimeOffset OpenedAt, DateTimeOffset Deadline, bool Overdue,
    string? Outcome, DateTimeOffset? OutcomeAt, DateTimeOffset? AnsweredAt, string[] AllowedActions);

/// <summary>A task as it is stored, with its bag.</summary>
internal sealed record HospitalTaskRow
{
    public const string Select = """
        select t.id, t.version, t.why, t.source_id, t.unit_id, t.din, t.station_id, t.hospital_id, t.opened_at, t.deadline, t.outcome, t.outcome_at, t.answered_at, u.component, u.blood_group, u.collected_at, u.status as unit_status
        from inventory.hospital_task t join inventory.unit u on u.id = t.unit_id
        """;

    public Guid Id { get; init; }
    public long Version { get; init; }
    public string Why { get; init; } = "";
    public Guid SourceId { get; init; }
    public Guid UnitId { get; init; }
    public string Din { get; init; } = "";
    public Guid StationId { get; init; }
    public Guid HospitalId { get; init; }
    public DateTimeOffset OpenedAt { get; init; }
    public DateTimeOffset Deadline { get; init; }
    public string? Outcome { get; init; }
    public DateTimeOffset? OutcomeAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public string Component { get; init; } = "";
    public string? BloodGroup { get; init; }
    public DateTimeOffset CollectedAt { get; init; }
    public string UnitStatus { get; init; } = "";

    /// <summary>
    /// Asks the hospitals for each bag of the donation that they were given, transfused ones included: of those the hospital says what became of whoever got them. One task
    /// for a cause and bag; of several look-backs one unanswered task is enough, they ask the same. The donation is locked, so no bag of it leaves meanwhile.
    /// </summary>
    public static List<HospitalTaskRow> Open(Transaction tx, string why, Guid source, DateTimeOffset deadline, DonationFile file)
    {
        var tasks = file.Units.Where(u => u.Status is "issued" or "received" or "transfused" && u.HospitalId is not null).Select(u => new HospitalTaskRow
        {
            Id = tx.NewId(), Version = 1, Why = why, SourceId = source, UnitId = u.Id, Din = u.Din, StationId = u.StationId, HospitalId = u.HospitalId!.Value, OpenedAt = tx.Now, Deadline = deadline,
            Component = u.Component, BloodGroup = u.BloodGroup, CollectedAt = u.CollectedAt, UnitStatus = u.Status,
        }).ToList();
        foreach (var task in tasks)
        {
            tx.WriteAny("""
                insert into inventory.hospital_task (id, version, why, source_id, unit_id, din, station_id, hospital_id, opened_at, deadline)
                select @Id, @Version, @Why, @SourceId, @UnitId, @Din, @StationId, @HospitalId, @OpenedAt, @Deadline
                where @Why = 'recall' or not exists (select from inventory.hospital_task t where t.unit_id = @UnitId and t.why = 'lookback' and t.outcome is null)
                on conflict (source_id, unit_id) do nothing
                """, task);
        }
        return tasks;
    }

    /// <summary>The hospital that has the bag is asked for what is open of it: recalls, and look-backs of its donor. What it was asked before it is not asked again.</summary>
    public static void Ask(Transaction tx, Guid unit, string din, Guid station, Guid hospital)
    {
        var deadline = tx.Now.AddHours(Parameters.RecallOn(Shanghai.DateOf(tx.Now)).DeadlineHours);
        // As many ids as there may be causes; whatever lies beyond has the bag's first tasks beside it.
        tx.WriteAny("""
            insert into inventory.hospital_task (id, version, why, source_id, unit_id, din, station_id, hospital_id, opened_at, deadline)
            select i.id, 1, c.why, c.source_id, @unit, @din, @station, @hospital, @now, c.deadline
            from (select a.*, row_number() over (order by a.source_id) as n from (
                    select 'recall' as why, r.id as source_id, r.deadline from inventory.recall_donation q join inventory.recall r on r.id = q.recall_id where q.din = @din and r.closed_at is null
                    union all select h.kind, h.source_id, @deadline from inventory.hold h where h.din = @din and h.kind = 'lookback' and h.unit_id is null and h.lifted_at is null
                      and not exists (select from inventory.hospital_task t where t.unit_id = @unit and t.why = 'lookback')) a) c
            join unnest(@ids) with ordinality as i(id, n) on i.n = c.n
            on conflict (source_id, unit_id) do nothing
            """, new { ids = Enumerable.Range(0, 32).Select(_ => tx.NewId()).ToArray(), unit, din, station, hospital, now = tx.Now, deadline });
    }

    /// <summary>
    /// A recorded transfusion or destruction answers whatever is asked of the bag, and outdoes what was answered before. Where the bag left without having been issued,
    /// nobody was asked: the task is made with its answer.
    /// </summary>
    public static void Answered(Transaction tx, Guid unit, string din, Guid station, Caller caller, DateTimeOffset at, string outcome)
    {
        Ask(tx, unit, din, station, caller.Tenant);
        var args = new { unit, at, now = tx.Now, caller.ClientId, staff = caller.Staff?.Id, outcome };
        tx.WriteAny("""
            with answered as (
                update inventory.hospital_task set version = version + 1, outcome = @outcome, outcome_at = @at, answered_at = @now where unit_id = @unit and outcome is distinct from @outcome returning id, version)
            insert into inventory.hospital_answer (task_id, version, outcome, outcome_at, answered_at, client_id, staff_id) select a.id, a.version, @outcome, @at, @now, @ClientId, @staff from answered a
            """, args);
    }

    public HospitalTaskView View(Caller caller, DateTimeOffset now)
    {
        var hospital = caller.Is(Roles.Hospital);
        return new(Id, Why, UnitId, Din, Component, BloodGroup, StationId, HospitalId, hospital ? null : SourceId, OpenedAt, Deadline, Outcome is null && Deadline < now, Outcome, OutcomeAt, AnsweredAt,
            hospital && RecallProgress.MayAnswer(Outcome, "transfused") ? ["answer"] : []);
    }
}
