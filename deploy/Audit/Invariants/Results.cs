namespace BloodPlatform.Audit.Invariants;

/// <summary>What the laboratory found is neither overwritten nor forgotten.</summary>
internal static class Results
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("result-corrected-by-another", "Each correction of a result names a row of the same run, donation and test, and was recorded by somebody who recorded neither that row nor the run.",
            "select count(*) from inventory.test_result where corrects is not null",
            """
            select c.id, c.din, c.corrects, c.staff_id
            from inventory.test_result c join inventory.test_result o on o.id = c.corrects join inventory.test_run t on t.id = c.test_run
            where (c.test_run, c.din, c.test, c.round) is distinct from (o.test_run, o.din, o.test, o.round) or c.staff_id in (t.staff_id, coalesce(o.staff_id, t.staff_id))
            """),
        // Of a group the outcome says only that the row is valid; a pool's row says it of somebody else perhaps.
        new("reactive-is-held-and-never-released", "Each donation with a reactive row of its own was held for it, and was not released after it, whatever came later.",
            "select count(*) from inventory.test_result r join inventory.test_run t on t.id = r.test_run where r.outcome = 'reactive' and r.pool_id is null and r.test <> 'abo-rhd' and t.controls_valid",
            """
            select r.din, r.test, d.released_at
            from inventory.test_result r join inventory.test_run t on t.id = r.test_run join inventory.donation d on d.din = r.din
            where r.outcome = 'reactive' and r.pool_id is null and r.test <> 'abo-rhd' and t.controls_valid
              and (d.released_at >= coalesce(r.corrected_at, t.recorded_at) or not exists (select from inventory.hold h where h.din = r.din and h.kind = 'test' and h.unit_id is null))
            """),
        new("pool-releases-nobody", "Each member of a reactive pool was held for it, and was released only with a clean row of its own.",
            "select count(*) from inventory.test_result r join inventory.test_run t on t.id = r.test_run where r.outcome = 'reactive' and r.pool_id is not null and t.controls_valid",
            """
            with pool as (
                select t.station_id, r.pool_id, r.test, min(coalesce(r.corrected_at, t.recorded_at)) as since
                from inventory.test_result r join inventory.test_run t on t.id = r.test_run
                where r.outcome = 'reactive' and r.pool_id is not null and r.test not in ('abo-rhd', 'alt') and t.controls_valid group by 1, 2, 3)
            select distinct m.din, m.test, m.pool_id, d.released_at
            from pool p join inventory.test_result m on m.pool_id = p.pool_id and m.test = p.test join inventory.test_run n on n.id = m.test_run and n.station_id = p.station_id join inventory.donation d on d.din = m.din
            where not exists (select from inventory.hold h where h.din = m.din and h.kind = 'test' and h.unit_id is null)
               or (d.released_at >= greatest(p.since, coalesce(m.corrected_at, n.recorded_at)) and not exists (
                    select from inventory.test_result o join inventory.test_run t on t.id = o.test_run
                    where o.din = m.din and o.test = m.test and o.pool_id is null and o.outcome = 'non-reactive' and t.controls_valid and coalesce(o.corrected_at, t.recorded_at) <= d.released_at
                      and not exists (select from inventory.test_result c where c.corrects = o.id and c.corrected_at <= d.released_at)))
            """),
    ];
}
