-- Leases are taken provider by provider, so that a paused one does not stand in the way of the others.
DROP INDEX delivery_queued;
DROP INDEX delivery_deferred;
CREATE INDEX delivery_queued ON delivery (campaign_id, provider, due_us) WHERE state = 'queued';
CREATE INDEX delivery_deferred ON delivery (campaign_id, provider, due_us) WHERE state = 'deferred';

-- What holds a mailbox provider back, and the pace that was learned of it: kept over a restart.
CREATE TABLE provider_state (
	provider INTEGER NOT NULL PRIMARY KEY,
	paused_until_us INTEGER NOT NULL DEFAULT 0,
	is_held INTEGER NOT NULL DEFAULT 0 CHECK (is_held IN (0, 1)),
	reason TEXT NOT NULL DEFAULT '',
	rate_milli INTEGER NOT NULL DEFAULT 0,
	at_us INTEGER NOT NULL
) STRICT;

-- Providers that the configuration names: the number is what subscribers and deliveries keep.
CREATE TABLE provider_name (
	id INTEGER NOT NULL PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- What was used of quotas by the hour and the day, slice by slice.
CREATE TABLE rate_use (
	scope TEXT NOT NULL,
	period_us INTEGER NOT NULL,
	slice_us INTEGER NOT NULL,
	used INTEGER NOT NULL,
	PRIMARY KEY (scope, period_us, slice_us)
) STRICT;

-- A list and a campaign may have a rate of their own, and a list its relay.
ALTER TABLE list ADD COLUMN rate TEXT NOT NULL DEFAULT '';
ALTER TABLE list ADD COLUMN relay TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN rate TEXT NOT NULL DEFAULT '';

-- A warm-up asks every minute what came back today.
CREATE INDEX event_by_time ON event (at_us);
