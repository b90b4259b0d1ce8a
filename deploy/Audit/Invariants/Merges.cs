namespace BloodPlatform.Audit.Invariants;

/// <summary>Registrations that were merged are one person, in all five services.</summary>
internal static class Merges
{
    private const string Registrations = "donor.donor d left join donor.donor_person p on p.donor_id = d.id";

    public static IEnumerable<Invariant> All { get; } =
    [
        new("merged-donor-has-his-survivor", "A donor is merged exactly while one merge says so, and his person is a donor who stands for himself.",
            "select count(*) from donor.merge",
            $"""
            select d.id as donor_id, d.status, d.merged_into, p.person_id
            from {Registrations} left join donor.donor s on s.id = p.person_id left join donor.merge m on m.absorbed_id = d.id and m.undone_at is null
            where m.survivor_id is distinct from d.merged_into
               or case when d.merged_into is null then d.status = 'merged' or coalesce(p.person_id, d.id) <> d.id else d.status = 'active' or p.person_id is null or p.person_id = d.id or s.merged_into is not null end
            """),
        new("merge-followed-everywhere", "Each donor id means the same person in Donor, Event, Inventory, Recognition and Partner.",
            "select count(*) from donor.donor_person",
            """
            select coalesce(d.donor_id, x.donor_id) as donor_id, coalesce(d.service, x.service) as service, d.person_id as donor_says, x.person_id as service_says
            from (select s.service, p.donor_id, p.person_id from donor.donor_person p cross join (values ('event'), ('inventory'), ('recognition'), ('partner')) s(service)) d
            full join (select 'event' as service, donor_id, person_id from event.donor_person union all select 'inventory', donor_id, person_id from inventory.donor_person
                       union all select 'recognition', donor_id, person_id from recognition.donor_person union all select 'partner', donor_id, person_id from partner.donor_person) x on x.service = d.service and x.donor_id = d.donor_id
            where coalesce(d.person_id, x.donor_id) <> coalesce(x.person_id, d.donor_id)
            """),
        new("person-has-one-visit", "No person has two visits open, under whichever of his ids.",
            "select count(*) from donor.visit",
            """
            select coalesce(p.person_id, v.donor_id) as person_id, count(*) as open
            from donor.visit v left join donor.donor_person p on p.donor_id = v.donor_id
            where v.status not in ('deferred', 'abandoned', 'collected', 'completed') group by 1 having count(*) > 1
            """),
        new("person-has-one-place", "No person has two places in the future at one drive, under whichever of his ids.",
            "select count(*) from event.appointment",
            """
            select coalesce(p.person_id, a.donor_id) as person_id, a.drive_id, count(*) as places
            from event.appointment a left join event.donor_person p on p.donor_id = a.donor_id
            where a.status = 'booked' and a.slot_starts_at > now() group by 1, 2 having count(*) > 1
            """),
        // A hold that quality has lifted was placed.
        new("reactive-person-was-looked-back-on", "Where one of a person's ids was found reactive, what he gave under the others and is in date was held for it.",
            "select count(*) from inventory.donation",
            """
            select d.din, d.donor_id, r.donor_id as reactive
            from inventory.donation d join inventory.donor_person p on p.donor_id = d.donor_id or p.person_id = d.donor_id
            join inventory.donor_safety r on r.reactive_since is not null and r.donor_id <> d.donor_id
             and coalesce((select q.person_id from inventory.donor_person q where q.donor_id = r.donor_id), r.donor_id) = coalesce((select q.person_id from inventory.donor_person q where q.donor_id = d.donor_id), d.donor_id)
            left join inventory.donor_safety own on own.donor_id = d.donor_id
            where d.arrived_at is not null and not d.backfilled and own.reactive_since is null
              and exists (select from inventory.unit u where u.din = d.din and u.status not in ('transfused', 'discarded', 'historic', 'consumed') and u.expires_at >= now())
              and not exists (select from inventory.hold h where h.din = d.din and h.kind = 'lookback')
            group by 1, 2, 3
            """),
    ];
}
