namespace BloodPlatform.Audit.Invariants;

/// <summary>A look-back misses no bag, and opens no identity but its own donor's.</summary>
internal static class Lookbacks
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("lookback-known-to-donor", "Each look-back is known to Donor as it stands in Inventory: of whom, whose, since when and until when.",
            "select count(*) from inventory.lookback",
            """
            select coalesce(i.id, d.id) as lookback_id, i.donor_id, d.donor_id as donor_has, i.station_id, d.station_id as donor_has_station, i.closed_at, d.closed_at as donor_has_closed
            from inventory.lookback i full join donor.lookback d on d.id = i.id
            where (i.id, i.donor_id, i.station_id, i.opened_at, i.closed_at) is distinct from (d.id, d.donor_id, d.station_id, d.opened_at, d.closed_at)
            """),
        // A hold that quality has lifted was placed. Lives only get shorter: what is in date now was so when the case was opened, or came later and was held then.
        new("lookback-holds-what-is-in-date", "Whatever the person of an open look-back gave, under whichever of his ids, was put on hold by that case while it may still reach a patient.",
            "select count(*) from inventory.lookback where closed_at is null",
            """
            select l.id as lookback_id, d.din, d.donor_id
            from inventory.lookback l
            cross join lateral (select coalesce((select q.person_id from inventory.donor_person q where q.donor_id = l.donor_id), l.donor_id) as id) person
            cross join lateral (select person.id union select q.donor_id from inventory.donor_person q where q.person_id = person.id) one(id)
            join inventory.donation d on d.donor_id = one.id
            where l.closed_at is null and d.arrived_at is not null and not d.backfilled
              and (not exists (select from inventory.unit u where u.din = d.din) or exists (select from inventory.unit u where u.din = d.din and u.status not in ('transfused', 'discarded', 'historic', 'consumed') and u.expires_at >= now()))
              and not exists (select from inventory.hold h where h.din = d.din and h.source_id = l.id and h.kind = 'lookback')
            """),
        // Where a merge that was undone since made them one person, the read was right when it was made.
        new("identity-read-in-its-own-lookback", "Each full read of a restricted identity, and each for a look-back, names a case of that person and of the station that read.",
            "select count(*) from donor.full_read",
            """
            select f.id as full_read_id, f.donor_id, f.lookback_id, f.purpose
            from donor.full_read f left join donor.donor_person p on p.donor_id = f.donor_id
            where (f.lookback_id is not null or f.purpose = 'look-back'
                or exists (select from donor.erasure e left join donor.donor_person x on x.donor_id = e.donor_id where coalesce(x.person_id, e.donor_id) = coalesce(p.person_id, f.donor_id) and f.at > e.requested_at))
              and not exists (
                select from donor.lookback l left join donor.donor_person o on o.donor_id = l.donor_id
                where l.id = f.lookback_id and l.station_id = f.station_id and l.opened_at is not null
                  and (coalesce(o.person_id, l.donor_id) = coalesce(p.person_id, f.donor_id) or exists (
                    select from donor.merge m left join donor.donor_person s on s.donor_id = m.survivor_id left join donor.donor_person a on a.donor_id = m.absorbed_id
                    where m.undone_at >= f.at and m.merged_at <= f.at
                      and (coalesce(s.person_id, m.survivor_id) in (coalesce(o.person_id, l.donor_id), coalesce(p.person_id, f.donor_id)) or coalesce(a.person_id, m.absorbed_id) in (coalesce(o.person_id, l.donor_id), coalesce(p.person_id, f.donor_id))))))
            """),
    ];
}
