namespace BloodPlatform.Audit.Invariants;

/// <summary>Who asked for erasure is forgotten everywhere, and still protected.</summary>
internal static class Persons
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("erased-person-has-no-key", "A person's key is destroyed exactly when nothing keeps his record any more, and with it what it had sealed.",
            "select count(*) from donor.erasure",
            """
            select e.donor_id, e.outcome, d.status, k.subject_id is not null as has_key
            from donor.erasure e join donor.donor d on d.id = e.donor_id left join donor.subject_key k on k.subject_id = e.donor_id
            where (e.destroyed_at is null) <> (k.subject_id is not null) or d.status <> case when e.destroyed_at is null then 'restricted' else 'erased' end
               or (e.destroyed_at is not null and length(d.name) + length(d.document_number) + length(d.birth_date) + length(d.phone) > 0) or cardinality(d.apps) > 0
            """),
        new("deferral-survives-erasure", "Whoever gave or was deferred left what meets him when he registers afresh.",
            "select count(*) from donor.erasure where outcome = 'restricted'",
            "select e.donor_id, e.retain_until from donor.erasure e where e.outcome = 'restricted' and not exists (select from donor.tombstone t where t.donor_id = e.donor_id)"),
        new("erased-donor-is-nobodys", "No service lets an app act for a person who asked for erasure, and he has no place in the future.",
            "select count(*) from donor.erasure",
            """
            select e.donor_id, v.status as event, r.status as recognition, p.erased as partner, a.id as appointment
            from donor.erasure e left join event.donor v on v.donor_id = e.donor_id left join recognition.donor r on r.donor_id = e.donor_id left join partner.donor p on p.id = e.donor_id
            left join event.appointment a on a.donor_id = e.donor_id and a.status = 'booked' and a.slot_starts_at > now()
            where v.status is distinct from 'erased' or r.status is distinct from 'erased' or p.erased is distinct from true or a.id is not null
            """),
    ];
}
