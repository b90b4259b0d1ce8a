-- What Donor says a collection really was, by number and newest first; kept also for one that has not arrived. A void donation is counted nowhere.
create table event.donation_correction (
    din             text    not null primary key,
    number          int     not null,
    voided          boolean not null,
    nominal_ml      int,
    collected_ml    int,
    treatment_units int,
    donated_on      date    not null
);
alter table event.donation add column voided boolean not null default false;
