namespace BloodPlatform.Audit.Invariants;

/// <summary>Who is who was found by the people who may say so; and who asked for erasure is forgotten everywhere, and still protected.</summary>
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
        new("identity-corrected-by-another", "Name, birth date and sex are corrected by somebody else than who entered them, and than who made the correction before.",
            "select count(*) from donor.identity_correction",
            """
            select c.donor_id, c.number, c.recorded_by
            from (select c.*, lag(c.recorded_by) over (partition by c.donor_id order by c.number) as before_by from donor.identity_correction c) c join donor.donor d on d.id = c.donor_id
            where c.recorded_by = d.registered_by or c.recorded_by = c.before_by
            """),
        new("identity-correction-stands-on-its-document", "Corrections of a donor follow one another without a gap; each says what it changed and rests on a document that was seen, so that he is surely he, and each is a version of his.",
            "select count(*) from donor.identity_correction",
            """
            select c.donor_id, c.number, c.fields, c.document_id
            from (select c.*, row_number() over (partition by c.donor_id order by c.recorded_at, c.number) as nth, count(*) over (partition by c.donor_id) as of_him from donor.identity_correction c) c
            join donor.donor d on d.id = c.donor_id left join donor.document k on k.id = c.document_id
            where c.number <> c.nth or cardinality(c.fields) = 0 or not c.fields <@ array['name', 'birthDate', 'sex'] or d.profile_version <= c.of_him or d.identity_assurance <> 'document-seen'
               or (d.status <> 'erased' and (k.kind is distinct from c.document_kind or k.seen_at is null))
            """),
        new("dismissed-candidates-are-two-persons", "Two who were found to be two different people are not one person while that stands, and who undid it is known.",
            "select count(*) from donor.duplicate_dismissal",
            """
            select x.first_id, x.second_id, x.dismissed_at, x.undone_at
            from donor.duplicate_dismissal x left join donor.donor_person a on a.donor_id = x.first_id left join donor.donor_person b on b.donor_id = x.second_id
            where (x.undone_at is null) <> (x.undone_by is null) or x.undone_at < x.dismissed_at or (x.undone_at is null and coalesce(a.person_id, x.first_id) = coalesce(b.person_id, x.second_id))
            """),
        new("claimant-showed-the-document", "Whoever goes on with what an erased person left registered with one of his documents, and there is what was left.",
            "select count(*) from donor.tombstone_claim",
            """
            select c.tombstone_id, c.claimant_id, d.status
            from donor.tombstone_claim c left join donor.tombstone t on t.donor_id = c.tombstone_id left join donor.donor d on d.id = c.claimant_id
            where t.donor_id is null or d.id is null
               or (d.status in ('active', 'merged') and not exists (select from donor.tombstone_document k join donor.document m on m.identity_index = k.identity_index where k.donor_id = c.tombstone_id and m.donor_id = c.claimant_id))
            """),
        new("empty-needle-found-by-another", "That a needle drew nothing is said of an attempt, by somebody else than who began or ended it.",
            "select count(*) from donor.attempt_correction",
            """
            select c.visit_id, v.status, v.collected_ml, c.recorded_by
            from donor.attempt_correction c left join donor.visit v on v.id = c.visit_id
            where v.status is distinct from 'abandoned' or v.started_at is null or v.collected_ml is not null
               or exists (select from donor.visit_step s where s.visit_id = c.visit_id and s.step in ('collection/start', 'collection/finish') and s.staff_id = c.recorded_by)
            """),
        // What is recorded afterwards is old from its first minute: the sweep comes once a minute.
        new("left-collection-is-told", "A collection that nobody has ended for a day was told to whoever books its donor.",
            "select count(*) from donor.visit where status = 'collecting'",
            """
            select v.id, v.donor_id, v.started_at from donor.visit v join donor.subject_key k on k.subject_id = v.donor_id
            where v.status = 'collecting' and v.started_at < now() - interval '1 day 10 minutes' and v.left_told_at is null
              and not exists (select from donor.visit_step s where s.visit_id = v.id and s.recorded_at > now() - interval '10 minutes')
            """),
    ];
}
