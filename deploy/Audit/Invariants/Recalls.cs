namespace BloodPlatform.Audit.Invariants;

/// <summary>A recall misses no bag: what it reaches is listed, held and asked for.</summary>
internal static class Recalls
{
    /// <summary>What lies in the scope (s) of a recall r.</summary>
    private const string InScope = """
        d.din in (select jsonb_array_elements_text(r.scope->'dins')) or d.bag_lot = r.scope->>'bagLot' or d.drive_id = (r.scope->>'driveId')::uuid
        or coalesce(p.person_id, d.donor_id) = coalesce((select q.person_id from inventory.donor_person q where q.donor_id = r.donor_id), r.donor_id)
        or exists (
            select from inventory.test_result t join inventory.test_run n on n.id = t.test_run
            where t.din = d.din and n.station_id = r.station_id
              and (n.reagent_lot = r.scope->>'reagentLot' or n.run_id = r.scope->>'runId'
                or n.instrument = r.scope->>'instrument' and t.performed_at between (r.scope->>'from')::timestamptz and (r.scope->>'to')::timestamptz))
        or exists (
            select from inventory.unit_stay s where s.din = d.din and s.station_id = r.station_id and s.place = r.scope->>'storagePlace'
              and s.since <= (r.scope->>'to')::timestamptz and coalesce(s.until, 'infinity') > (r.scope->>'from')::timestamptz)
        """;

    public static IEnumerable<Invariant> All { get; } =
    [
        // What was corrected out of a scope, or unmerged, stays listed: only what is missing is wrong.
        new("recall-lists-its-scope", "Whatever of its station lies in the scope of an open recall is listed in it, whether it was there before or came later.",
            "select count(*) from inventory.recall where closed_at is null",
            $"""
            select r.id as recall_id, d.din
            from inventory.recall r join inventory.donation d on d.station_id = r.station_id left join inventory.donor_person p on p.donor_id = d.donor_id
            where r.closed_at is null and ({InScope}) and not exists (select from inventory.recall_donation q where q.recall_id = r.id and q.din = d.din)
            """),
        // A hold that quality has lifted was placed.
        new("recall-holds-what-is-in-date", "What an open recall has listed was put on hold by it while it may still reach a patient.",
            "select count(*) from inventory.recall_donation q join inventory.recall r on r.id = q.recall_id where r.closed_at is null",
            """
            select r.id as recall_id, d.din
            from inventory.recall r join inventory.recall_donation q on q.recall_id = r.id join inventory.donation d on d.din = q.din
            where r.closed_at is null and not d.backfilled
              and (not exists (select from inventory.unit u where u.din = d.din) or exists (select from inventory.unit u where u.din = d.din and u.status not in ('transfused', 'discarded', 'historic', 'consumed') and u.expires_at >= now()))
              and not exists (select from inventory.hold h where h.din = d.din and h.source_id = r.id and h.kind = 'recall' and h.unit_id is null)
            """),
        // Once is the table's own constraint; what left after quality had lifted the hold needs no question. A closed recall has no question open.
        new("recall-asks-the-hospital", "For each bag of an open recall that a hospital was given, that hospital was asked; a closed recall has every answer.",
            "select count(*) from inventory.hospital_task where why = 'recall'",
            """
            select r.id as recall_id, u.id as unit_id, u.hospital_id, t.hospital_id as asked
            from inventory.recall r join inventory.recall_donation q on q.recall_id = r.id join inventory.unit u on u.din = q.din
            left join inventory.hospital_task t on t.source_id = r.id and t.unit_id = u.id
            where r.closed_at is null and u.status in ('issued', 'received', 'transfused') and t.hospital_id is distinct from u.hospital_id
              and not exists (select from inventory.hold h join inventory.unit_movement m on m.unit_id = u.id and m.kind = 'issued' and m.recorded_at > h.lifted_at where h.din = u.din and h.source_id = r.id)
            union all
            select r.id, t.unit_id, t.hospital_id, t.hospital_id from inventory.recall r join inventory.hospital_task t on t.source_id = r.id where r.closed_at is not null and t.outcome is null
            """),
    ];
}
