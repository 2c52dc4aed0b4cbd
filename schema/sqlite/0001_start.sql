-- Gazette's first schema, for SQLite. schema/postgresql/0001_start.sql is its twin: same tables, same columns.
-- Times are microseconds of wall clock, UTC. 0 or NULL: not yet. States are words, as in lib/model/state.c.

CREATE TABLE meta (
	key TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;

-- Keys of tokens. Never deleted while a link made with one may still be clicked: that is, never.
CREATE TABLE secret (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,
	key_id INTEGER NOT NULL,
	value BLOB NOT NULL,
	created_us INTEGER NOT NULL,
	UNIQUE (kind, key_id)
) STRICT;

CREATE TABLE node (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	started_us INTEGER NOT NULL,
	seen_us INTEGER NOT NULL
) STRICT;

-- One row a batch. The id is the fencing token: outcomes are written only where a delivery still bears it.
CREATE TABLE lease (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	node_id INTEGER NOT NULL REFERENCES node (id),
	until_us INTEGER NOT NULL
) STRICT;

CREATE TABLE list (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT NOT NULL,
	description TEXT NOT NULL DEFAULT '',
	list_id TEXT NOT NULL,
	from_name TEXT NOT NULL,
	from_email TEXT NOT NULL,
	reply_to TEXT,
	owner_email TEXT,
	postal TEXT NOT NULL DEFAULT '',
	language TEXT NOT NULL DEFAULT 'en',
	timezone TEXT NOT NULL DEFAULT 'UTC',
	return_path TEXT,
	template TEXT NOT NULL DEFAULT 'default',
	is_public INTEGER NOT NULL DEFAULT 1 CHECK (is_public IN (0, 1)),
	testers TEXT NOT NULL DEFAULT '',
	created_us INTEGER NOT NULL,
	closed_us INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE subscriber (
	id INTEGER PRIMARY KEY,
	uuid TEXT NOT NULL,
	email TEXT NOT NULL,
	email_key TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL DEFAULT '',
	attributes TEXT NOT NULL DEFAULT '{}',
	language TEXT,
	provider INTEGER NOT NULL DEFAULT 0,
	epoch INTEGER NOT NULL DEFAULT 0,
	created_us INTEGER NOT NULL,
	updated_us INTEGER NOT NULL
) STRICT;

CREATE TABLE subscription (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
	state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'paused', 'unsubscribed')),
	cadence TEXT NOT NULL DEFAULT 'each' CHECK (cadence IN ('each', 'daily', 'weekly')),
	requested_us INTEGER NOT NULL DEFAULT 0,
	confirmed_us INTEGER NOT NULL DEFAULT 0,
	left_us INTEGER NOT NULL DEFAULT 0,
	UNIQUE (list_id, subscriber_id)
) STRICT;
CREATE INDEX subscription_of_subscriber ON subscription (subscriber_id);
CREATE INDEX subscription_of_list ON subscription (list_id, id);

-- What was agreed to, append-only: who, when, what they saw, how.
CREATE TABLE consent (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
	what TEXT NOT NULL CHECK (what IN ('requested', 'confirmed', 'imported', 'added', 'left', 'paused', 'resumed')),
	how TEXT NOT NULL,
	text TEXT NOT NULL DEFAULT '',
	evidence TEXT NOT NULL DEFAULT '',
	at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_of_subscriber ON consent (subscriber_id, list_id);

-- Confirmation tokens: only the hash is kept; single use.
CREATE TABLE confirmation (
	id INTEGER PRIMARY KEY,
	hash BLOB NOT NULL UNIQUE,
	list_id INTEGER NOT NULL REFERENCES list (id),
	subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
	created_us INTEGER NOT NULL,
	until_us INTEGER NOT NULL,
	used_us INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX confirmation_of_subscriber ON confirmation (subscriber_id, list_id);

CREATE TABLE source (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	kind TEXT NOT NULL CHECK (kind IN ('feed', 'folder')),
	url TEXT NOT NULL,
	title TEXT NOT NULL DEFAULT '',
	policy TEXT NOT NULL CHECK (policy IN ('draft', 'send', 'hold')),
	hold_us INTEGER NOT NULL DEFAULT 0,
	latest INTEGER NOT NULL DEFAULT 0,
	state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'failing')),
	is_seen INTEGER NOT NULL DEFAULT 0 CHECK (is_seen IN (0, 1)),
	etag TEXT,
	last_modified TEXT,
	failures INTEGER NOT NULL DEFAULT 0,
	error TEXT,
	checked_us INTEGER NOT NULL DEFAULT 0,
	due_us INTEGER NOT NULL DEFAULT 0,
	created_us INTEGER NOT NULL,
	UNIQUE (list_id, url)
) STRICT;

CREATE TABLE post (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	source_id INTEGER REFERENCES source (id),
	identity TEXT NOT NULL,
	-- seen: was there at the first look, never mailed by itself. used: a campaign carries it.
	state TEXT NOT NULL CHECK (state IN ('seen', 'draft', 'held', 'used', 'skipped')),
	hold_until_us INTEGER NOT NULL DEFAULT 0,
	version INTEGER NOT NULL DEFAULT 1,
	url TEXT,
	title TEXT NOT NULL,
	subtitle TEXT,
	author TEXT,
	language TEXT,
	html TEXT NOT NULL,
	text TEXT NOT NULL,
	image TEXT,
	image_alt TEXT,
	published_us INTEGER NOT NULL DEFAULT 0,
	updated_us INTEGER NOT NULL DEFAULT 0,
	title_hash TEXT NOT NULL,
	text_hash TEXT NOT NULL,
	alert TEXT,
	seen_us INTEGER NOT NULL,
	UNIQUE (list_id, identity)
) STRICT;
CREATE INDEX post_by_text ON post (list_id, text_hash);
CREATE INDEX post_by_title ON post (list_id, title_hash);
CREATE INDEX post_of_list ON post (list_id, id);
CREATE INDEX post_held ON post (hold_until_us) WHERE state = 'held';

-- What a post said before it was edited.
CREATE TABLE post_version (
	id INTEGER PRIMARY KEY,
	post_id INTEGER NOT NULL REFERENCES post (id),
	version INTEGER NOT NULL,
	title TEXT NOT NULL,
	subtitle TEXT,
	html TEXT NOT NULL,
	text TEXT NOT NULL,
	until_us INTEGER NOT NULL,
	UNIQUE (post_id, version)
) STRICT;

CREATE TABLE campaign (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	post_id INTEGER REFERENCES post (id),
	state TEXT NOT NULL CHECK (state IN ('draft', 'scheduled', 'preparing', 'sending', 'paused', 'sent', 'cancelled')),
	subject TEXT NOT NULL,
	preheader TEXT NOT NULL DEFAULT '',
	salt BLOB NOT NULL,
	is_again INTEGER NOT NULL DEFAULT 0 CHECK (is_again IN (0, 1)),
	scheduled_us INTEGER NOT NULL DEFAULT 0,
	schedule TEXT NOT NULL DEFAULT '',
	started_us INTEGER NOT NULL DEFAULT 0,
	first_pass_us INTEGER NOT NULL DEFAULT 0,
	finished_us INTEGER NOT NULL DEFAULT 0,
	-- The audience is written in order of subscription id: up to here, and whether it is whole.
	prepared_after INTEGER NOT NULL DEFAULT 0,
	prepared_last INTEGER NOT NULL DEFAULT 0,
	is_prepared INTEGER NOT NULL DEFAULT 0 CHECK (is_prepared IN (0, 1)),
	edition_id INTEGER NOT NULL DEFAULT 0,
	paused_by TEXT NOT NULL DEFAULT '',
	created_by TEXT NOT NULL DEFAULT '',
	created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX campaign_of_post ON campaign (post_id);
CREATE INDEX campaign_by_state ON campaign (state);

-- Counters change in the same transaction as the rows they count: one row a node, so that nodes do not wait for each other.
CREATE TABLE campaign_count (
	campaign_id INTEGER NOT NULL REFERENCES campaign (id),
	node_id INTEGER NOT NULL,
	provider INTEGER NOT NULL DEFAULT 0,
	queued INTEGER NOT NULL DEFAULT 0,
	leased INTEGER NOT NULL DEFAULT 0,
	inflight INTEGER NOT NULL DEFAULT 0,
	sent INTEGER NOT NULL DEFAULT 0,
	deferred INTEGER NOT NULL DEFAULT 0,
	bounced INTEGER NOT NULL DEFAULT 0,
	expired INTEGER NOT NULL DEFAULT 0,
	uncertain INTEGER NOT NULL DEFAULT 0,
	suppressed INTEGER NOT NULL DEFAULT 0,
	cancelled INTEGER NOT NULL DEFAULT 0,
	returned INTEGER NOT NULL DEFAULT 0,
	complaints INTEGER NOT NULL DEFAULT 0,
	unsubscribes INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (campaign_id, node_id, provider)
) STRICT;

-- A campaign compiled. Written when it starts, never changed.
CREATE TABLE edition (
	id INTEGER PRIMARY KEY,
	campaign_id INTEGER NOT NULL REFERENCES campaign (id),
	number INTEGER NOT NULL,
	compiled BLOB NOT NULL,
	created_us INTEGER NOT NULL,
	UNIQUE (campaign_id, number)
) STRICT;

CREATE TABLE delivery (
	id INTEGER PRIMARY KEY,
	campaign_id INTEGER NOT NULL REFERENCES campaign (id),
	subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
	edition_id INTEGER NOT NULL REFERENCES edition (id),
	state TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'inflight', 'sent', 'deferred', 'bounced', 'expired', 'uncertain',
		'suppressed', 'cancelled')),
	provider INTEGER NOT NULL DEFAULT 0,
	due_us INTEGER NOT NULL,
	lease_id INTEGER NOT NULL DEFAULT 0,
	attempts INTEGER NOT NULL DEFAULT 0,
	resends INTEGER NOT NULL DEFAULT 0,
	is_tried INTEGER NOT NULL DEFAULT 0 CHECK (is_tried IN (0, 1)),
	queued_us INTEGER NOT NULL,
	first_us INTEGER NOT NULL DEFAULT 0,
	first_try_us INTEGER NOT NULL DEFAULT 0,
	finished_us INTEGER NOT NULL DEFAULT 0,
	-- The merge values as they were when the mark was set, so that a resend is the same bytes. NULL until then, and after the end.
	merge_values TEXT,
	reason TEXT NOT NULL DEFAULT '',
	returned_us INTEGER NOT NULL DEFAULT 0,
	returned_class TEXT NOT NULL DEFAULT '',
	UNIQUE (campaign_id, subscriber_id)
) STRICT;
CREATE INDEX delivery_queued ON delivery (campaign_id, due_us) WHERE state = 'queued';
CREATE INDEX delivery_deferred ON delivery (campaign_id, due_us) WHERE state = 'deferred';
CREATE INDEX delivery_leased ON delivery (lease_id) WHERE state = 'leased';
CREATE INDEX delivery_inflight ON delivery (lease_id) WHERE state = 'inflight';
CREATE INDEX delivery_uncertain ON delivery (campaign_id, due_us) WHERE state = 'uncertain';
CREATE INDEX delivery_of_subscriber ON delivery (subscriber_id);

-- One mail to one address outside a campaign. Same states, sessions and recorder; goes first.
CREATE TABLE notice (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('confirmation', 'test', 'alert')),
	list_id INTEGER REFERENCES list (id),
	subscriber_id INTEGER REFERENCES subscriber (id),
	email TEXT NOT NULL,
	sender TEXT NOT NULL,
	message BLOB NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'inflight', 'sent', 'deferred', 'bounced', 'expired', 'uncertain',
		'suppressed', 'cancelled')),
	due_us INTEGER NOT NULL,
	lease_id INTEGER NOT NULL DEFAULT 0,
	attempts INTEGER NOT NULL DEFAULT 0,
	resends INTEGER NOT NULL DEFAULT 0,
	queued_us INTEGER NOT NULL,
	first_us INTEGER NOT NULL DEFAULT 0,
	first_try_us INTEGER NOT NULL DEFAULT 0,
	finished_us INTEGER NOT NULL DEFAULT 0,
	reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX notice_queued ON notice (due_us) WHERE state = 'queued';
CREATE INDEX notice_deferred ON notice (due_us) WHERE state = 'deferred';
CREATE INDEX notice_leased ON notice (lease_id) WHERE state = 'leased';
CREATE INDEX notice_inflight ON notice (lease_id) WHERE state = 'inflight';

-- Tries that did not simply succeed. Append-only.
CREATE TABLE attempt (
	id INTEGER PRIMARY KEY,
	delivery_id INTEGER REFERENCES delivery (id),
	notice_id INTEGER REFERENCES notice (id),
	at_us INTEGER NOT NULL,
	duration_us INTEGER NOT NULL,
	stage TEXT NOT NULL,
	code INTEGER NOT NULL,
	status TEXT NOT NULL,
	reply TEXT NOT NULL,
	relay TEXT NOT NULL,
	verdict TEXT NOT NULL,
	door TEXT NOT NULL,
	reason TEXT NOT NULL
) STRICT;
CREATE INDEX attempt_of_delivery ON attempt (delivery_id);
CREATE INDEX attempt_of_notice ON attempt (notice_id);

-- Who had which post: anti-joined when an audience is written.
CREATE TABLE received (
	subscriber_id INTEGER NOT NULL,
	post_id INTEGER NOT NULL,
	campaign_id INTEGER NOT NULL,
	PRIMARY KEY (subscriber_id, post_id)
) STRICT, WITHOUT ROWID;

-- Feeds the sessions' veto sets: what must not be sent any more. Old rows are purged.
CREATE TABLE revocation (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	list_id INTEGER NOT NULL DEFAULT 0,
	campaign_id INTEGER NOT NULL DEFAULT 0,
	subscriber_id INTEGER NOT NULL DEFAULT 0,
	at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE suppression (
	id INTEGER PRIMARY KEY,
	email TEXT NOT NULL,
	email_key TEXT NOT NULL UNIQUE,
	reason TEXT NOT NULL,
	is_provisional INTEGER NOT NULL DEFAULT 0 CHECK (is_provisional IN (0, 1)),
	event_id INTEGER,
	created_us INTEGER NOT NULL
) STRICT;

-- What came back and what readers did, with the evidence.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('bounce', 'delay', 'complaint', 'unsubscribe', 'reply', 'refused', 'alert')),
	list_id INTEGER,
	campaign_id INTEGER,
	subscriber_id INTEGER,
	delivery_id INTEGER,
	class TEXT NOT NULL DEFAULT '',
	status TEXT NOT NULL DEFAULT '',
	detail TEXT NOT NULL DEFAULT '',
	evidence BLOB,
	evidence_hash TEXT,
	at_us INTEGER NOT NULL,
	UNIQUE (evidence_hash)
) STRICT;
CREATE INDEX event_of_subscriber ON event (subscriber_id);

CREATE TABLE audit (
	id INTEGER PRIMARY KEY,
	at_us INTEGER NOT NULL,
	who TEXT NOT NULL,
	verb TEXT NOT NULL,
	object TEXT NOT NULL,
	detail TEXT NOT NULL DEFAULT ''
) STRICT;

-- A daemon's state for others to read: why a relay is paused, what it last heard.
CREATE TABLE relay_state (
	name TEXT NOT NULL PRIMARY KEY,
	state TEXT NOT NULL CHECK (state IN ('ok', 'slow', 'paused')),
	reason TEXT NOT NULL DEFAULT '',
	until_us INTEGER NOT NULL DEFAULT 0,
	at_us INTEGER NOT NULL
) STRICT;
