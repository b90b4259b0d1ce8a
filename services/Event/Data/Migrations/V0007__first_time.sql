-- Which of a donor's collections is his first, where that turned out otherwise than the collection said; kept also for one that has not arrived.
create table event.donation_first_time (
    din        text    not null primary key,
    version    bigint  not null,
    first_time boolean not null
);
