-- A donor has few visits and visit_donor finds them all: indexes that know what became of them only cost each step a write.
drop index donor.visit_attempt;
drop index donor.visit_left_collecting;
