-- What needs a person: one row for each thing that is wrong, while it is. A kind is mailed at most once an hour.
CREATE TABLE alert (
	kind TEXT NOT NULL,
	object TEXT NOT NULL,
	text TEXT NOT NULL,
	raised_us INTEGER NOT NULL,
	seen_us INTEGER NOT NULL,
	mailed_us INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (kind, object)
) STRICT;
CREATE TABLE alert_mail (
	kind TEXT NOT NULL PRIMARY KEY,
	at_us INTEGER NOT NULL
) STRICT;

-- Where the circuit breaker begins to count: a person has seen what was before, and went on.
CREATE TABLE breaker (
	campaign_id INTEGER NOT NULL PRIMARY KEY,
	tried INTEGER NOT NULL,
	bounces INTEGER NOT NULL,
	complaints INTEGER NOT NULL
) STRICT;

-- Whether a relay's refusals for a provider are to be believed: what it said of how many.
CREATE TABLE refusal (
	relay TEXT NOT NULL,
	provider INTEGER NOT NULL,
	verdicts INTEGER NOT NULL,
	refusals INTEGER NOT NULL,
	PRIMARY KEY (relay, provider)
) STRICT;
ALTER TABLE suppression ADD COLUMN relay TEXT NOT NULL DEFAULT '';
ALTER TABLE suppression ADD COLUMN provider INTEGER NOT NULL DEFAULT 0;
CREATE INDEX suppression_provisional ON suppression (relay, provider) WHERE is_provisional = 1;
