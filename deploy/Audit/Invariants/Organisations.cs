namespace BloodPlatform.Audit.Invariants;

/// <summary>The trees of organisations, and what is counted along them.</summary>
internal static class Organisations
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("organisation-path-follows-its-parent", "An organisation's path is its parent's and itself, so nothing stands below itself; the other services know the same path.",
            "select count(*) from event.organisation",
            """
            select o.id, o.parent_id, o.path, d.path as donor_path, p.path as partner_path
            from event.organisation o left join event.organisation a on a.id = o.parent_id
            left join donor.organisation d on d.organisation_id = o.id left join partner.organisation p on p.id = o.id
            where (o.parent_id is not null and a.id is null) or o.path <> coalesce(a.path, '{}') || o.id or cardinality(o.path) <> (select count(distinct x) from unnest(o.path) x)
               or d.path is distinct from o.path or p.path is distinct from o.path
            """),
        new("station-stands-where-it-is-registered", "Inventory knows each blood station and where it stands: its authority's word on stocks and on how it works reaches it.",
            "select count(*) from event.organisation where kind = 'blood-station'",
            """
            select coalesce(o.id, s.station_id) as station, o.district, s.district as known
            from (select id, district from event.organisation where kind = 'blood-station') o full join inventory.station s on s.station_id = o.id where s.district is distinct from o.district
            """),
        new("organisation-stands-in-one-place", "On every day since ever an organisation stands in one place, today in that of its path.",
            "select count(*) from event.organisation_placement",
            """
            select o.id, s.places, s.first, s.last
            from event.organisation o left join event.organisation_placement n on n.organisation_id = o.id and n.valid_to = 'infinity' left join lateral (
                select count(*) as places, min(p.valid_from) as first, max(p.valid_to) as last, bool_or(p.valid_from <> p.previous_to) as broken
                from (select p.*, lag(p.valid_to) over (order by p.valid_from) as previous_to from event.organisation_placement p where p.organisation_id = o.id) p) s on true
            where s.first is distinct from '-infinity' or s.last is distinct from 'infinity' or s.broken or n.path is distinct from o.path
            """),
        new("organisation-has-one-coordinator", "At no time has an organisation two coordinators, and each has a key of his own until he is forgotten, and none after.",
            "select count(*) from event.coordinator",
            """
            select a.organisation_id, a.id, b.id as other, k.subject_id is not null as has_key, a.forgotten_at is not null as forgotten
            from event.coordinator a
            left join event.coordinator b on b.organisation_id = a.organisation_id and b.id <> a.id and b.starts_at >= a.starts_at and b.starts_at < coalesce(a.ends_at, 'infinity')
            left join event.subject_key k on k.subject_id = a.id
            where b.id is not null or (k.subject_id is null) <> (a.forgotten_at is not null)
            """),
        new("target-total-is-the-sum", "An organisation's total target is its own and those of all that stood below it on the period's first day.",
            "select count(*) from event.target_total",
            """
            select coalesce(s.organisation_id, t.organisation_id) as organisation_id, coalesce(s.period_from, t.period_from) as period_from, s.donations, t.donations as summed, s.volume_ml, t.volume_ml as summed_ml
            from event.target_total s full join (
                select a as organisation_id, t.period_from, t.period_to, sum(t.donations) as donations, sum(t.volume_ml) as volume_ml
                from event.target t join event.organisation_placement p on p.organisation_id = t.organisation_id and p.valid_from <= t.period_from and p.valid_to > t.period_from cross join unnest(p.path) a
                group by 1, 2, 3) t on t.organisation_id = s.organisation_id and t.period_from = s.period_from and t.period_to = s.period_to
            where coalesce(s.donations, 0) <> coalesce(t.donations, 0) or coalesce(s.volume_ml, 0) <> coalesce(t.volume_ml, 0)
            """),
        new("responsibility-once-at-a-time", "A body is responsible for each thing once at a time.",
            "select count(*) from event.responsibility",
            """
            select a.body_id, a.district, a.organisation_id from event.responsibility a join event.responsibility b
              on b.body_id = a.body_id and b.id > a.id and b.district is not distinct from a.district and b.organisation_id is not distinct from a.organisation_id
             and b.starts_at < coalesce(a.ends_at, 'infinity') and a.starts_at < coalesce(b.ends_at, 'infinity')
            """),
    ];
}
