-- What needs a person: one row for each thing that is wrong, while it is. A kind is mailed at most once an hour.
CREATE TABLE alert (
	kind TEXT NOT NULL,
	object TEXT NOT NULL,
	text TEXT NOT NULL,
	raised_us BIGINT NOT NULL,
	seen_us BIGINT NOT NULL,
	mailed_us BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (kind, object)
);
CREATE TABLE alert_mail (
	kind TEXT NOT NULL PRIMARY KEY,
	at_us BIGINT NOT NULL
);

-- Where the circuit breaker begins to count: a person has seen what was before, and went on.
CREATE TABLE breaker (
	campaign_id BIGINT NOT NULL PRIMARY KEY,
	tried BIGINT NOT NULL,
	bounces BIGINT NOT NULL,
	complaints BIGINT NOT NULL
);

-- Whether a relay's refusals for a provider are to be believed: what it said of how many.
CREATE TABLE refusal (
	relay TEXT NOT NULL,
	provider BIGINT NOT NULL,
	verdicts BIGINT NOT NULL,
	refusals BIGINT NOT NULL,
	PRIMARY KEY (relay, provider)
);
ALTER TABLE suppression ADD COLUMN relay TEXT NOT NULL DEFAULT '';
ALTER TABLE suppression ADD COLUMN provider BIGINT NOT NULL DEFAULT 0;
CREATE INDEX suppression_provisional ON suppression (relay, provider) WHERE is_provisional = 1;
