namespace BloodPlatform.Audit.Invariants;

/// <summary>Thanks are neither forgotten nor given twice.</summary>
internal static class Honours
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("credit-announced-once", "Each credit line, granted or taking one back, was announced exactly once, and none that is not there.",
            "select count(*) from recognition.credit",
            """
            select coalesce(c.id, o.id) as credit, count(c.id) as lines, count(o.event_id) as announced
            from recognition.credit c full join (
                select event_id, type, (payload->>case when type = 'BloodPlatform.Contracts.Recognition.CreditGranted' then 'creditId' else 'voidId' end)::uuid as id
                from outbox where type in ('BloodPlatform.Contracts.Recognition.CreditGranted', 'BloodPlatform.Contracts.Recognition.CreditVoided') and payload->>'kind' = 'donation') o
              on o.id = c.id and (o.type = 'BloodPlatform.Contracts.Recognition.CreditVoided') = (c.voids is not null)
            group by 1 having count(*) <> 1 or count(c.id) <> 1 or count(o.event_id) <> 1
            """),
        // The thresholds are said here a second time, on purpose: 20/30/40 national, 15/25/35 in Guangdong.
        new("honour-follows-counts", "A person has each level that his counts reach, announced once for each of his ids that earned it, and none above.",
            "select count(*) from recognition.credit_account",
            """
            select t.person_id, l.award, l.level, count(h.id) filter (where h.revoked_at is null) as earned, count(h.id) as lines, count(o.event_id) as announced
            from (select coalesce(p.person_id, c.donor_id) as person_id, sum(c.national_counts) as national, sum(c.provincial_counts) as provincial
                  from recognition.credit c left join recognition.donor_person p on p.donor_id = c.donor_id group by 1) t
            cross join (values ('national-dedication', 'bronze', 20), ('national-dedication', 'silver', 30), ('national-dedication', 'gold', 40),
                               ('guangdong-dedication', 'bronze', 15), ('guangdong-dedication', 'silver', 25), ('guangdong-dedication', 'gold', 35)) as l(award, level, counts)
            left join (select h.id, h.award, h.level, h.revoked_at, coalesce(p.person_id, h.donor_id) as person_id from recognition.honour h left join recognition.donor_person p on p.donor_id = h.donor_id) h
              on h.person_id = t.person_id and h.award = l.award and h.level = l.level
            left join (select event_id, (payload->>'honourId')::uuid as honour_id from outbox where type = 'BloodPlatform.Contracts.Recognition.HonourEarned') o on o.honour_id = h.id
            group by t.person_id, t.national, t.provincial, l.award, l.level, l.counts
            having (count(h.id) filter (where h.revoked_at is null) > 0) <> ((case l.award when 'national-dedication' then t.national else t.provincial end) >= l.counts) or count(h.id) <> count(o.event_id)
            """),
    ];
}
