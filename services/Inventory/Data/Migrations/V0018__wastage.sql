-- Which bags reached nobody, and which somebody, in a period.
create index unit_movement_ended on inventory.unit_movement (recorded_at) where kind in ('discarded', 'transfused', 'expired');
