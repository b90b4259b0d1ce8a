namespace BloodPlatform.Audit.Invariants;

/// <summary>No bag goes where it must not.</summary>
internal static class Units
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("unit-in-one-order", "No unit is in two active orders.",
            "select count(*) from inventory.order_line where dropped_at is null",
            "select unit_id, count(*) as orders from inventory.order_line where dropped_at is null group by 1 having count(*) > 1"),
        new("unit-reserved-by-its-order", "Each reserved unit stands in an active line of the order that it is reserved for.",
            "select count(*) from inventory.unit where status = 'reserved'",
            """
            select u.id as unit_id, u.order_id from inventory.unit u
            where u.status = 'reserved' and not exists (select from inventory.order_line l where l.unit_id = u.id and l.order_id = u.order_id and l.dropped_at is null)
            """),
        new("order-got-what-it-may", "Each bag that stands in an order is of its component, and of a group that the rules permitted it when it was placed.",
            "select count(*) from inventory.order_line where dropped_at is null",
            """
            select l.order_id, l.unit_id, o.component as ordered, u.component, o.groups, u.blood_group
            from inventory.order_line l join inventory.hospital_order o on o.id = l.order_id join inventory.unit u on u.id = l.unit_id
            where l.dropped_at is null and (u.component <> o.component or u.blood_group <> all(o.groups))
            """),
        new("order-ends-in-time", "No order waits beyond its time of need, and none keeps bags that nobody fetched beyond its reservation.",
            "select count(*) from inventory.hospital_order where status in ('waiting', 'partially-allocated', 'allocated')",
            """
            select id as order_id, status, needed_by, reserved_until from inventory.hospital_order
            where status in ('waiting', 'partially-allocated', 'allocated') and case status when 'waiting' then needed_by else reserved_until end < now() - interval '10 minutes'
            """),
        new("order-is-as-said", "What was said last of an order is how it stands.",
            "select count(*) from inventory.outbox where type = 'BloodPlatform.Contracts.Inventory.OrderChanged'",
            """
            select o.id as order_id, o.status, s.status as said from inventory.hospital_order o join (
                select distinct on (1) (payload ->> 'orderId')::uuid as id, payload ->> 'status' as status from inventory.outbox
                where type = 'BloodPlatform.Contracts.Inventory.OrderChanged' order by 1, version desc) s on s.id = o.id
            where s.status is distinct from o.status
            """),
        new("released-by-two-who-entered-no-results", "Each unit past quarantine is of a donation released by at least two people, neither of whom had entered its results; but what a station's own software issued all the same, with an alarm.",
            "select count(*) from inventory.unit where status in ('available', 'reserved', 'issued', 'received')",
            """
            select u.id as unit_id, u.din, u.status, d.released_at
            from inventory.unit u join inventory.donation d on d.din = u.din
            where u.status in ('available', 'reserved', 'issued', 'received') and not exists (select from inventory.unit_movement a where a.unit_id = u.id and a.kind = 'issued' and a.code = 'alarm') and (d.released_at is null or 2 > (
                select count(distinct s.staff_id) from inventory.release_signature s
                where s.din = u.din and s.signed_at <= d.released_at
                  and not exists (select from inventory.test_result r join inventory.test_run t on t.id = r.test_run where r.din = u.din and coalesce(r.staff_id, t.staff_id) = s.staff_id and coalesce(r.corrected_at, t.recorded_at) <= d.released_at)))
            """),
        new("issued-only-after-release", "No unit was issued before its donation was released, but by a station's own software and with an alarm; each issued unit has its issue in its history.",
            "select count(*) from inventory.unit_movement where kind = 'issued'",
            """
            select m.unit_id, m.din, m.recorded_at as issued_at, d.released_at
            from inventory.unit_movement m join inventory.donation d on d.din = m.din
            where m.kind = 'issued' and m.code is distinct from 'alarm' and (d.released_at is null or m.recorded_at < d.released_at)
            union all
            select u.id, u.din, null, null from inventory.unit u
            where u.status in ('issued', 'received') and not exists (select from inventory.unit_movement m where m.unit_id = u.id and m.kind = 'issued')
            """),
        new("reaction-holds-what-it-said", "A reaction that says that it held the rest of the donation has its hold, lifted or not, and no other hold is a reaction's.",
            "select count(*) from inventory.transfusion_reaction",
            "select r.id as reaction, r.din, r.held, h.id as hold from inventory.transfusion_reaction r left join inventory.hold h on h.source_id = r.id and h.din = r.din and h.unit_id is null where r.held is distinct from (h.id is not null)"),
        new("told-only-by-mirrored-stations", "What software told of bags, or issued with an alarm, is of stations that kept their own software when it was recorded.",
            "select count(*) from inventory.unit_movement where (kind, code) in (('made', 'pushed'), ('issued', 'alarm'))",
            """
            select m.unit_id, m.din, m.kind, m.recorded_at from inventory.unit_movement m join inventory.unit u on u.id = m.unit_id
            where (m.kind, m.code) in (('made', 'pushed'), ('issued', 'alarm'))
              and (select s.mode from inventory.station_mode s where s.station_id = u.station_id and s.since <= m.recorded_at order by s.since desc limit 1) is distinct from 'mirrored'
            """),
        new("released-only-when-externally-clear", "No donation was released while the external register had not called its donor clear, and the latest word of Donor is known to Inventory.",
            "select count(*) from donor.visit where external_check is not null",
            """
            select d.din, d.external_check, v.external_check as donor_says, d.released_at
            from inventory.donation d join donor.visit v on v.din = d.din
            where d.arrived_at is not null and ((d.released_at is not null and d.external_check not in ('clear')) or d.external_check is distinct from v.external_check)
            """),
        new("backfilled-unit-is-historic", "No unit of a backfilled donation is anything but historic.",
            "select count(*) from inventory.unit u join inventory.donation d on d.din = u.din where d.backfilled",
            "select u.id as unit_id, u.din, u.status from inventory.unit u join inventory.donation d on d.din = u.din where d.backfilled and u.status <> 'historic'"),
        new("processed-bag-lives-on", "Each bag that was consumed has bags of its donation that came of it, and nothing came of a bag that is still there.",
            "select count(*) from inventory.unit where status = 'consumed'",
            """
            select p.id as unit_id, p.din, p.status from inventory.unit p where p.status = 'consumed' and not exists (select from inventory.unit c where c.parent_id = p.id)
            union all
            select c.id, c.din, p.status from inventory.unit c join inventory.unit p on p.id = c.parent_id where p.din <> c.din or p.status <> 'consumed'
            """),
        new("unaccounted-bag-is-promised-to-nobody", "Each bag that a count missed was missed by one, and stands in no order.",
            "select count(*) from inventory.unit where status = 'unaccounted'",
            """
            select u.id as unit_id, u.din from inventory.unit u
            where u.status = 'unaccounted' and (not exists (select from inventory.snapshot_finding f where f.unit_id = u.id and f.act = 'unaccounted')
               or exists (select from inventory.order_line l where l.unit_id = u.id and l.dropped_at is null))
            """),
        new("stored-bag-is-in-hand", "Only what is in the station's hands, or on its way in a box, is at a place of storage, an open one of its own station.",
            "select count(*) from inventory.unit_stay where until is null",
            """
            select u.id as unit_id, u.status, s.place from inventory.unit_stay s join inventory.unit u on u.id = s.unit_id join inventory.storage_place p on p.station_id = s.station_id and p.code = s.place
            where s.until is null and (u.station_id <> s.station_id or p.closed or u.status not in ('quarantine', 'available', 'reserved', 'expired', 'returned') and not (u.status = 'issued' and p.kind in ('box', 'vehicle')))
            """),
        // Fresh frozen plasma that is relabelled lasts as long as frozen plasma; nothing else lasts longer than it did.
        new("parts-hold-and-last-no-more", "What came of a bag holds no more than it held, and lasts no longer than it would have.",
            "select count(*) from inventory.unit where parent_id is not null",
            """
            select p.id as unit_id, p.din from inventory.unit c join inventory.unit p on p.id = c.parent_id
            group by p.id having sum(c.volume_ml) > p.volume_ml or sum(c.content_u) > p.content_u or sum(c.treatment_units) > p.treatment_units
               or bool_or(c.expires_at > p.expires_at and (p.component, c.component) <> ('plasma-fresh-frozen', 'plasma-frozen')) or bool_or(c.irradiated_at is null and p.irradiated_at is not null)
            """),
        // Allocation reads the counters, not the holds.
        new("hold-counters-are-true", "The open holds counted on a donation and on a unit are the holds that are open.",
            "select count(*) from inventory.donation",
            """
            select d.din, null::uuid as unit_id, d.open_holds as counted, count(h.id) as open
            from inventory.donation d left join inventory.hold h on h.din = d.din and h.unit_id is null and h.lifted_at is null
            group by d.din, d.open_holds having d.open_holds <> count(h.id)
            union all
            select u.din, u.id, u.open_holds, count(h.id)
            from inventory.unit u left join inventory.hold h on h.din = u.din and (h.unit_id is null or h.unit_id = u.id) and h.lifted_at is null
            group by u.din, u.id, u.open_holds having u.open_holds <> count(h.id)
            """),
        // Those that were lifted before two people were asked for are left out.
        new("hold-lifted-by-two", "Each hold that was lifted was lifted by two people, the second of them in its row.",
            "select count(*) from inventory.hold where lifted_at is not null",
            """
            select h.id as hold_id, h.lifted_at, count(s.staff_id) as signatures
            from inventory.hold h left join inventory.hold_lift_signature s on s.hold_id = h.id
            where h.lifted_at >= (select min(signed_at) from inventory.hold_lift_signature)
            group by h.id having count(s.staff_id) <> 2 or count(*) filter (where s.staff_id = h.lifted_by) <> 1
            """),
        new("withdrawn-donation-was-held", "Each donation that Donor withdrew was put on hold in Inventory for it.",
            "select count(*) from outbox where type = 'BloodPlatform.Contracts.Donor.DonationWithdrawn' and published_at is not null",
            """
            select o.payload->>'din' as din, o.payload->>'withdrawalId' as withdrawal
            from outbox o where o.type = 'BloodPlatform.Contracts.Donor.DonationWithdrawn' and o.published_at is not null
              and not exists (select from inventory.hold h where h.din = o.payload->>'din' and h.source_id = (o.payload->>'withdrawalId')::uuid)
            """),
        new("required-deferral-exists", "Each deferral that a test result required exists in Donor, for the same donor.",
            "select count(*) from outbox where type = 'BloodPlatform.Contracts.Inventory.DonorDeferralRequired' and published_at is not null",
            """
            select o.payload->>'din' as din, o.payload->>'requirementId' as requirement
            from outbox o where o.type = 'BloodPlatform.Contracts.Inventory.DonorDeferralRequired' and o.published_at is not null
              and not exists (select from donor.deferral f where (o.payload->>'requirementId')::uuid in (f.requirement_id, f.confirmation_id) and f.donor_id = (o.payload->>'donorId')::uuid)
            """),
        new("stock-level-as-said", "Event knows the level of each stock that Inventory said last.",
            "select count(*) from inventory.stock_level",
            """
            select coalesce(i.station_id, e.station_id) as station_id, coalesce(i.component, e.component) as component, coalesce(i.blood_group, e.blood_group) as blood_group, i.level as inventory, e.level as event
            from inventory.stock_level i full join event.stock_level e on e.station_id = i.station_id and e.component = i.component and e.blood_group = i.blood_group
            where (i.version, i.level) is distinct from (e.version, e.level)
            """),
    ];
}
