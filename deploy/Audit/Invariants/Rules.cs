namespace BloodPlatform.Audit.Invariants;

/// <summary>What was decided, and by which rules.</summary>
internal static class Rules
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("judged-by-published-rules", "Each recorded judgement is of its visit's donor, by its visit's rules, and names only versions that were published.",
            "select count(*) from donor.decision",
            """
            select c.id, c.visit_id, c.rule_set, c.rule_set_version
            from donor.decision c left join donor.visit v on v.id = c.visit_id
            where (c.donor_id, c.rule_set, c.rule_set_version) is distinct from (v.donor_id, v.rule_set, v.rule_set_version)
               or not exists (select from donor.rule_set r where r.kind = 'base' and r.code = c.rule_set and r.version = split_part(c.rule_set_version, '+', 1))
               or exists (select from unnest(string_to_array(c.rule_set_version, '+')) with ordinality as laid(label, n)
                          where n > 1 and not exists (select from donor.rule_set r where r.kind = 'overlay' and r.code || '.' || r.version = laid.label))
            """),
        new("bookings-know-the-rules", "Event knows each published version with the dates of its validity and its limit of places, and no other.",
            "select count(*) from donor.rule_set",
            """
            select coalesce(d.code, e.code) as code, coalesce(d.version, e.rule_set_version) as version, d.valid_from, e.valid_from as event_valid_from
            from donor.rule_set d full join event.rule_set e on e.code = d.code and e.rule_set_version = d.version
            where d.code is null or e.code is null
               or (d.valid_from, d.valid_to, d.kind, (d.document -> 'limits' ->> 'donorsPerSlot')::int) is distinct from (e.valid_from, e.valid_to, e.kind, e.donors_per_slot)
            """),
    ];
}
