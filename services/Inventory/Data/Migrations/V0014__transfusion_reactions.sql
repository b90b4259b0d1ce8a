-- What happened to a patient after a bag: facts, never changed; what is judged otherwise later is recorded beside it. Who the patient is, the transfusion knows, sealed.
create table inventory.transfusion_reaction (
    id             uuid        not null primary key,
    transfusion_id uuid        not null references inventory.transfusion (id),
    unit_id        uuid        not null references inventory.unit (id),
    din            text        not null references inventory.donation (din),
    station_id     uuid        not null,
    hospital_id    uuid        not null,
    kind           text        not null,
    severity       int         not null,
    imputability   text        not null,
    onset_at       timestamptz not null,
    held           boolean     not null, -- whether the donation was held for it
    recorded_at    timestamptz not null,
    client_id      text        not null,
    constraint transfusion_reaction_severity check (severity between 1 and 4),
    constraint transfusion_reaction_imputability_known check (imputability in ('excluded', 'unlikely', 'possible', 'probable', 'definite'))
);
create index transfusion_reaction_of_transfusion on inventory.transfusion_reaction (transfusion_id, id);
create index transfusion_reaction_of_station on inventory.transfusion_reaction (station_id, recorded_at, id);
create index transfusion_reaction_of_hospital on inventory.transfusion_reaction (hospital_id, recorded_at, id);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke update, delete, truncate on inventory.transfusion_reaction from inventory;
    end if;
end $$;
