namespace BloodPlatform.Audit.Invariants;

/// <summary>Nobody is promised a place that is not there.</summary>
internal static class Bookings
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("slot-not-overbooked", "No slot has more bookings and held offers than places.",
            "select count(*) from event.slot",
            "select drive_id, starts_at, capacity, booked, held, walk_in, walked_in from event.slot where booked + held > capacity or booked < 0 or held < 0 or walked_in > walk_in or walked_in < 0"),
        // What was promised before the profile was heard of stays, and so does what is recorded afterwards.
        new("slot-within-the-profile", "No place was promised in a slot that the epidemic profile of its day had left none.",
            "select count(*) from event.slot",
            """
            select s.drive_id, s.starts_at, s.booked, s.walked_in, p.code, p.donors_per_slot
            from event.slot s, lateral (select r.* from event.rule_set r, (select (s.starts_at at time zone 'Asia/Shanghai')::date as day) d
              where r.valid_from <= day and (r.valid_to is null or r.valid_to >= day)
                and not exists (select from event.rule_set n where n.kind = r.kind and (n.kind = 'base' or n.code = r.code) and n.valid_from <= day and n.valid_from > r.valid_from)
              order by r.donors_per_slot limit 1) p
            where s.booked + s.walked_in > p.donors_per_slot
              and exists (select from event.appointment a where a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at and a.status <> 'cancelled' and not a.backfilled and a.created_at > p.heard_at + interval '1 minute')
            """),
        new("slot-counts-its-appointments", "A slot's counter equals its appointments that are not cancelled, and each of those is in a slot.",
            "select count(*) from event.slot",
            """
            select coalesce(s.drive_id, a.drive_id) as drive_id, coalesce(s.starts_at, a.slot_starts_at) as starts_at, s.booked, coalesce(a.booked, 0) as appointments, s.walked_in, coalesce(a.walked_in, 0) as walk_ins
            from event.slot s full join (select drive_id, slot_starts_at, count(*) filter (where not walk_in) as booked, count(*) filter (where walk_in) as walked_in from event.appointment where status <> 'cancelled' group by 1, 2) a
              on a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at
            where s.drive_id is null or s.booked <> coalesce(a.booked, 0) or s.walked_in <> coalesce(a.walked_in, 0)
            """),
        // What is at a running drive is the desk's, and without the rules' intervals nothing is known to be too close.
        new("bookings-keep-the-interval", "No two places that a person has in the future are closer than the interval between donations allows, under whichever of his ids.",
            "select count(*) from event.appointment",
            """
            select x.person_id, x.id as earlier, y.id as later
            from (select a.id, a.procedure, coalesce(p.person_id, a.donor_id) as person_id, (a.slot_starts_at at time zone 'Asia/Shanghai')::date as day
                  from event.appointment a left join event.donor_person p on p.donor_id = a.donor_id left join event.drive d on d.id = a.drive_id
                  where a.status = 'booked' and a.slot_starts_at > now() and d.status is distinct from 'started') x
            join (select a.id, a.procedure, coalesce(p.person_id, a.donor_id) as person_id, (a.slot_starts_at at time zone 'Asia/Shanghai')::date as day
                  from event.appointment a left join event.donor_person p on p.donor_id = a.donor_id left join event.drive d on d.id = a.drive_id
                  where a.status = 'booked' and a.slot_starts_at > now() and d.status is distinct from 'started') y on y.person_id = x.person_id and (y.day, y.id) > (x.day, x.id)
            join event.donor n on n.donor_id = x.person_id
            cross join lateral (select r.intervals from event.rule_set r where r.code = n.rule_set
              order by r.valid_from > y.day, case when r.valid_from > y.day then r.valid_from - y.day else y.day - r.valid_from end limit 1) r
            where y.day < greatest(x.day + 1, (select max(x.day + make_interval(months => (i ->> 'months')::int, days => (i ->> 'days')::int))::date
                                               from jsonb_array_elements(r.intervals) i where i ->> 'from' = x.procedure and i ->> 'to' = y.procedure))
            """),
        new("open-offer-holds-its-place", "A slot holds exactly as many places as there are open offers, open invitations with a place of it and provisional bookings: what lapsed, was booked or has no place holds none.",
            "select count(*) from event.slot",
            """
            select coalesce(s.drive_id, o.drive_id) as drive_id, coalesce(s.starts_at, o.offered_slot) as starts_at, s.held, coalesce(o.n, 0) as offers
            from event.slot s full join (select drive_id, offered_slot, count(*) as n from (select drive_id, offered_slot from event.waiting where status = 'offered'
                union all select drive_id, slot_starts_at from event.invitation where status in ('invited', 'claimed') and slot_starts_at is not null
                union all select drive_id, slot_starts_at from event.provisional_booking where status = 'held') h group by 1, 2) o on o.drive_id = s.drive_id and o.offered_slot = s.starts_at
            where s.drive_id is null or s.held <> coalesce(o.n, 0)
            """),
        new("provisional-known-while-held", "Who took a place with name and telephone is known while it is held and never after, nor at a drive that is closed or cancelled; what was confirmed is a booking of that drive, and a telephone holds one place at a drive.",
            "select count(*) from event.provisional_booking",
            """
            select p.id, p.status, d.status as drive, k.subject_id is not null as has_key, p.appointment_id
            from event.provisional_booking p left join event.subject_key k on k.subject_id = p.id left join event.drive d on d.id = p.drive_id left join event.appointment a on a.id = p.appointment_id
            where (p.status = 'held') is distinct from (k.subject_id is not null) or (p.status = 'held') is distinct from (p.content is not null) or (p.status = 'held') is distinct from (p.phone_index is not null)
               or (p.status = 'held' and (d.id is null or d.status in ('closed', 'cancelled') or p.held_until < now() - interval '10 minutes'))
               or (p.status = 'confirmed' and a.drive_id is distinct from p.drive_id)
               or exists (select from event.provisional_booking o where o.drive_id = p.drive_id and o.phone_index = p.phone_index and o.id <> p.id)
            """),
        // The job that tells looks for alternatives first, some at a time.
        new("lost-booking-is-told", "Whoever lost his booking because its drive was cancelled, put off, closed early or cut was told, once; nobody else was told so.",
            "select count(*) from event.appointment",
            """
            select coalesce(a.id::text, n.key) as appointment_id, a.status, a.reason_code, coalesce(n.told, 0) as told
            from (select * from event.appointment where status = 'cancelled' and reason_code in ('drive-cancelled', 'drive-postponed', 'capacity-cut') and not backfilled) a
            full join (select key, payload ->> 'templateCode' as template, count(*) as told from event.outbox
                       where type = 'BloodPlatform.Contracts.Event.NoticeRequested' and payload ->> 'purpose' = 'booking' and payload ->> 'templateCode' in ('drive-cancelled', 'capacity-cut') group by 1, 2) n
              on n.key = a.id::text and n.template = case a.reason_code when 'capacity-cut' then 'capacity-cut' else 'drive-cancelled' end
            where n.told > 1 or a.id is null or (n.told is null and a.settled_at < now() - interval '10 minutes')
            """),
        new("impossible-booking-is-told", "Whoever lost his booking because he may not come any more, or has another, was told in the same breath, once; nobody else was told so.",
            "select count(*) from event.appointment",
            """
            select coalesce(a.id::text, n.key) as appointment_id, a.status, a.reason_code, coalesce(n.told, 0) as told
            from (select * from event.appointment where status = 'cancelled' and reason_code in ('no_longer_bookable', 'duplicate-booking')) a
            full join (select key, count(*) as told from event.outbox where type = 'BloodPlatform.Contracts.Event.NoticeRequested' and payload ->> 'templateCode' = 'no-longer-bookable' group by 1) n on n.key = a.id::text
            where a.id is null or n.told is distinct from 1
            """),
        new("offer-is-told", "Whoever was offered a place was told of this offer, and whose offer passed was told that.",
            "select count(*) from event.waiting",
            """
            select w.id, w.status, w.version from event.waiting w
            where w.status in ('offered', 'expired') and not exists (
                select from event.outbox o where o.type = 'BloodPlatform.Contracts.Event.NoticeRequested' and o.key = w.id::text and o.version = w.version
                  and o.payload ->> 'templateCode' = case w.status when 'offered' then 'place-offered' else 'offer-expired' end)
            """),
        new("invitation-claimed-once", "Nobody has claimed two invitations to a drive, and what is claimed or booked is somebody's; the booking of an invitation is at its drive, of the one who claimed it, and no other invitation's.",
            "select count(*) from event.invitation",
            """
            select i.id, i.status, null::uuid as appointment_id from event.invitation i where i.status in ('claimed', 'booked') and i.donor_id is null
            union all
            select a.id, a.status, null from event.invitation a join event.invitation b on b.drive_id = a.drive_id and b.donor_id = a.donor_id and b.id <> a.id where a.status in ('claimed', 'booked') and b.status in ('claimed', 'booked')
            union all
            select a.id, a.status, null from event.invitation a join event.invitation b on b.code_hash = a.code_hash and b.id <> a.id
            union all
            select i.id, i.status, i.appointment_id from event.invitation i left join event.appointment p on p.id = i.appointment_id
              left join event.donor_person q on q.donor_id = p.donor_id left join event.donor_person r on r.donor_id = i.donor_id
            where (i.status = 'booked') is distinct from (i.appointment_id is not null)
               or (i.appointment_id is not null and (p.id is null or p.drive_id <> i.drive_id or coalesce(q.person_id, p.donor_id) is distinct from coalesce(r.person_id, i.donor_id)))
            union all
            select a.id, a.status, a.appointment_id from event.invitation a join event.invitation b on b.appointment_id = a.appointment_id and b.id <> a.id
            """),
        new("invitation-ends-with-its-roster", "No invitation is open in a roster that is closed, or at a drive that is closed or cancelled.",
            "select count(*) from event.invitation",
            """
            select i.id, i.status, g.claim_by, g.status as roster, d.status as drive from event.invitation i left join event.group_booking g on g.id = i.group_booking_id left join event.drive d on d.id = i.drive_id
            where i.status in ('invited', 'claimed') and (g.id is null or g.drive_id <> i.drive_id or g.status <> 'open' or d.status in ('closed', 'cancelled'))
            """),
        new("roster-erased-with-its-key", "An erased roster has neither names nor a key left, and one that is kept has its key.",
            "select count(*) from event.group_booking",
            """
            select g.id, g.erased_at from event.group_booking g left join event.subject_key k on k.subject_id = g.id
            where (g.erased_at is null) <> (k.subject_id is not null) or (g.erased_at is not null and exists (select from event.invitation i where i.group_booking_id = g.id and (i.content is not null or i.member_index is not null)))
            """),
        // Who was reminded of a slot, moved away and came back after its moment was reminded rightly.
        new("reminded-once-of-its-slot", "Each reminder that was written down was sent, once, and none to whoever got his slot after its moment.",
            "select count(*) from event.appointment",
            """
            select coalesce(r.appointment_id::text, n.key) as appointment_id, coalesce(r.kind, n.kind) as kind, coalesce(n.sent, 0) as sent
            from event.reminder r full join (select key, payload ->> 'templateCode' as kind, (payload -> 'references' ->> 'slotStartsAt')::timestamptz as slot_starts_at, count(*) as sent
              from event.outbox where type = 'BloodPlatform.Contracts.Event.NoticeRequested' and payload ->> 'purpose' = 'reminder' group by 1, 2, 3) n on n.key = r.appointment_id::text and n.kind = r.kind and n.slot_starts_at = r.slot_starts_at
            left join event.appointment a on a.id = r.appointment_id and a.slot_starts_at = r.slot_starts_at
            where r.kind is null or n.sent is distinct from 1
               or (coalesce(a.placed_at, a.booked_at) > r.slot_starts_at - case r.kind when 'reminder-24h' then interval '24 hours' else interval '3 hours' end and r.reminded_at >= coalesce(a.placed_at, a.booked_at))
            """),
        new("only-a-place-blocks-days", "Only a booked place takes days of its person: what was cancelled, kept or missed holds none.",
            "select count(*) from event.appointment",
            """
            select b.appointment_id, a.status from event.booking_block b left join event.appointment a on a.id = b.appointment_id
            where a.status is distinct from 'booked'
            """),
        new("appeal-runs-with-its-groups", "An appeal is about at least one group, and keeps others from asking for it exactly while it runs.",
            "select count(*) from event.appeal",
            """
            select a.id, a.status, count(g.appeal_id) as groups, count(g.appeal_id) filter (where g.running) as running
            from event.appeal a left join event.appeal_group g on g.appeal_id = a.id and g.station_id = a.station_id and g.procedure = a.procedure
            group by a.id, a.status having count(g.appeal_id) = 0 or count(g.appeal_id) filter (where g.running) <> case when a.status = 'closed' then 0 else count(g.appeal_id) end
            """),
        new("appeal-is-said", "Each appeal that opened was said to have, once, and each that then closed; of one that never opened nobody heard.",
            "select count(*) from event.appeal",
            """
            select a.id, a.status, count(o.event_id) filter (where o.type like '%.AppealOpened') as opened, count(o.event_id) filter (where o.type like '%.AppealClosed') as closed
            from event.appeal a left join event.outbox o on o.key = a.id::text and o.type in ('BloodPlatform.Contracts.Event.AppealOpened', 'BloodPlatform.Contracts.Event.AppealClosed')
            group by a.id, a.status, a.opened_at
            having count(o.event_id) filter (where o.type like '%.AppealOpened') <> (a.opened_at is not null)::int or count(o.event_id) filter (where o.type like '%.AppealClosed') <> (a.opened_at is not null and a.status = 'closed')::int
            """),
        new("appeal-need-is-said", "What an appeal that opened asks for is what was said last: when it opened, or when its stock had worsened.",
            "select count(*) from event.appeal",
            """
            select a.id, a.need -> 'donations' as donations, a.need -> 'bookings' as bookings, said.payload -> 'donations' as said_donations, said.payload -> 'bookings' as said_bookings
            from event.appeal a cross join lateral (
                select o.payload from event.outbox o where o.key = a.id::text and o.type in ('BloodPlatform.Contracts.Event.AppealOpened', 'BloodPlatform.Contracts.Event.AppealRaised') order by o.version desc limit 1) said
            where (a.need -> 'donations', a.need -> 'bookings') is distinct from (said.payload -> 'donations', said.payload -> 'bookings')
            """),
    ];
}
