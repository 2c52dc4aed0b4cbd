-- What becomes of a post: sources with a pace and filters, digests, editions that follow an edit, corrections, approval.

-- The list of kinds and policies grows, and SQLite can change a CHECK only with its table.
CREATE TABLE post_source AS SELECT id, source_id FROM post WHERE source_id IS NOT NULL;
UPDATE post SET source_id = NULL;
CREATE TABLE source_new (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	kind TEXT NOT NULL CHECK (kind IN ('feed', 'page', 'folder', 'mail')),
	url TEXT NOT NULL,
	title TEXT NOT NULL DEFAULT '',
	policy TEXT NOT NULL CHECK (policy IN ('draft', 'send', 'hold', 'digest')),
	hold_us INTEGER NOT NULL DEFAULT 0,
	latest INTEGER NOT NULL DEFAULT 0,
	-- 0: its own pace, and the configuration's rules.
	interval_us INTEGER NOT NULL DEFAULT 0,
	max_age_us INTEGER NOT NULL DEFAULT 0,
	flood INTEGER NOT NULL DEFAULT 0,
	only_posts TEXT NOT NULL DEFAULT '',
	except_posts TEXT NOT NULL DEFAULT '',
	strips_tracking INTEGER NOT NULL DEFAULT 0 CHECK (strips_tracking IN (0, 1)),
	state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'failing')),
	is_seen INTEGER NOT NULL DEFAULT 0 CHECK (is_seen IN (0, 1)),
	feed_url TEXT,
	etag TEXT,
	last_modified TEXT,
	failures INTEGER NOT NULL DEFAULT 0,
	error TEXT,
	taken INTEGER NOT NULL DEFAULT 0,
	checked_us INTEGER NOT NULL DEFAULT 0,
	due_us INTEGER NOT NULL DEFAULT 0,
	paced_by TEXT NOT NULL DEFAULT '',
	created_us INTEGER NOT NULL,
	UNIQUE (list_id, url)
) STRICT;
INSERT INTO source_new (id, list_id, kind, url, title, policy, hold_us, latest, state, is_seen, etag, last_modified, failures, error,
	checked_us, due_us, created_us)
	SELECT id, list_id, kind, url, title, policy, hold_us, latest, state, is_seen, etag, last_modified, failures, error, checked_us,
	due_us, created_us FROM source;
DROP TABLE source;
ALTER TABLE source_new RENAME TO source;
UPDATE post SET source_id = (SELECT p.source_id FROM post_source p WHERE p.id = post.id);
DROP TABLE post_source;

ALTER TABLE post ADD COLUMN in_digest INTEGER NOT NULL DEFAULT 0 CHECK (in_digest IN (0, 1));
ALTER TABLE post ADD COLUMN digest_order INTEGER NOT NULL DEFAULT 0;
-- What the source said last, where a person changed the words here: an edit is not undone by the next look.
ALTER TABLE post ADD COLUMN source_hash TEXT;
CREATE INDEX post_for_digest ON post (list_id) WHERE state = 'held' AND in_digest = 1;

ALTER TABLE list ADD COLUMN policy TEXT NOT NULL DEFAULT 'draft';
ALTER TABLE list ADD COLUMN editors TEXT NOT NULL DEFAULT '';
ALTER TABLE list ADD COLUMN post_token TEXT NOT NULL DEFAULT '';
ALTER TABLE list ADD COLUMN needs_approval INTEGER NOT NULL DEFAULT 0 CHECK (needs_approval IN (0, 1));

-- A digest of a list: its own ('each'), and those of the readers who want one mail a day or a week. next_us 0: to be worked out.
CREATE TABLE digest (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	cadence TEXT NOT NULL CHECK (cadence IN ('each', 'daily', 'weekly')),
	rhythm TEXT NOT NULL,
	next_us INTEGER NOT NULL DEFAULT 0,
	last_us INTEGER NOT NULL DEFAULT 0,
	UNIQUE (list_id, cadence)
) STRICT;
INSERT INTO digest (list_id, cadence, rhythm, last_us) SELECT id, 'daily', 'daily 07:00', created_us FROM list;
INSERT INTO digest (list_id, cadence, rhythm, last_us) SELECT id, 'weekly', 'weekly mon 07:00', created_us FROM list;

ALTER TABLE campaign ADD COLUMN kind TEXT NOT NULL DEFAULT 'post' CHECK (kind IN ('post', 'digest', 'correction'));
-- Whom it is for: 1 each post, 2 a mail a day, 4 a mail a week, added up.
ALTER TABLE campaign ADD COLUMN cadences INTEGER NOT NULL DEFAULT 7;
ALTER TABLE campaign ADD COLUMN corrects_id INTEGER REFERENCES campaign (id);
ALTER TABLE campaign ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';

CREATE TABLE campaign_post (
	campaign_id INTEGER NOT NULL REFERENCES campaign (id),
	position INTEGER NOT NULL,
	post_id INTEGER NOT NULL REFERENCES post (id),
	PRIMARY KEY (campaign_id, position)
) STRICT;
CREATE INDEX campaign_post_of_post ON campaign_post (post_id);
INSERT INTO campaign_post (campaign_id, position, post_id) SELECT id, 0, post_id FROM campaign WHERE post_id IS NOT NULL;

-- Which of a digest's posts its reader had before: a bit for each position. replaced_by: the edition that an edit brought.
ALTER TABLE edition ADD COLUMN had INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edition ADD COLUMN replaced_by INTEGER NOT NULL DEFAULT 0;
CREATE TABLE edition_post (
	edition_id INTEGER NOT NULL REFERENCES edition (id),
	post_id INTEGER NOT NULL REFERENCES post (id),
	version INTEGER NOT NULL,
	PRIMARY KEY (edition_id, post_id)
) STRICT;
INSERT INTO edition_post (edition_id, post_id, version)
	SELECT e.id, c.post_id, p.version FROM edition e JOIN campaign c ON c.id = e.campaign_id JOIN post p ON p.id = c.post_id;
