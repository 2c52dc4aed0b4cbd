-- One index for what a lease holds: the inflight mark then leaves it as it is, two changes of it a message less.
DROP INDEX delivery_leased;
DROP INDEX delivery_inflight;
CREATE INDEX delivery_held ON delivery (lease_id) WHERE state IN ('leased', 'inflight');
