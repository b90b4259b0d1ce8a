-- A bag that is split, washed, irradiated, thawed or relabelled ends as `consumed`: what came of it are bags of their own, with another label.
alter table inventory.unit drop constraint unit_status_known;
alter table inventory.unit
    add column parent_id     uuid references inventory.unit (id),
    add column irradiated_at timestamptz,
    alter column treatment_units type numeric, -- part of a dose, for the smallest patients
    add constraint unit_status_known check (status in ('quarantine', 'available', 'reserved', 'issued', 'received', 'transfused', 'returned', 'discarded', 'expired', 'historic', 'unaccounted', 'consumed')),
    add constraint unit_parent_is_another check (parent_id is null or parent_id <> id);
create index unit_of_parent on inventory.unit (parent_id) where parent_id is not null;
