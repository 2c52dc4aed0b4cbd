-- What becomes of a post: sources with a pace and filters, digests, editions that follow an edit, corrections, approval.

ALTER TABLE source DROP CONSTRAINT source_kind_check;
ALTER TABLE source ADD CONSTRAINT source_kind_check CHECK (kind IN ('feed', 'page', 'folder', 'mail'));
ALTER TABLE source DROP CONSTRAINT source_policy_check;
ALTER TABLE source ADD CONSTRAINT source_policy_check CHECK (policy IN ('draft', 'send', 'hold', 'digest'));
ALTER TABLE source ADD COLUMN interval_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN max_age_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN flood BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN only_posts TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN except_posts TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN strips_tracking BIGINT NOT NULL DEFAULT 0 CHECK (strips_tracking IN (0, 1));
ALTER TABLE source ADD COLUMN feed_url TEXT;
ALTER TABLE source ADD COLUMN taken BIGINT NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN paced_by TEXT NOT NULL DEFAULT '';

ALTER TABLE post ADD COLUMN in_digest BIGINT NOT NULL DEFAULT 0 CHECK (in_digest IN (0, 1));
ALTER TABLE post ADD COLUMN digest_order BIGINT NOT NULL DEFAULT 0;
-- What the source said last, where a person changed the words here: an edit is not undone by the next look.
ALTER TABLE post ADD COLUMN source_hash TEXT;
CREATE INDEX post_for_digest ON post (list_id) WHERE state = 'held' AND in_digest = 1;

ALTER TABLE list ADD COLUMN policy TEXT NOT NULL DEFAULT 'draft';
ALTER TABLE list ADD COLUMN editors TEXT NOT NULL DEFAULT '';
ALTER TABLE list ADD COLUMN post_token TEXT NOT NULL DEFAULT '';
ALTER TABLE list ADD COLUMN needs_approval BIGINT NOT NULL DEFAULT 0 CHECK (needs_approval IN (0, 1));

-- A digest of a list: its own ('each'), and those of the readers who want one mail a day or a week. next_us 0: to be worked out.
CREATE TABLE digest (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	list_id BIGINT NOT NULL REFERENCES list (id),
	cadence TEXT NOT NULL CHECK (cadence IN ('each', 'daily', 'weekly')),
	rhythm TEXT NOT NULL,
	next_us BIGINT NOT NULL DEFAULT 0,
	last_us BIGINT NOT NULL DEFAULT 0,
	UNIQUE (list_id, cadence)
);
INSERT INTO digest (list_id, cadence, rhythm, last_us) SELECT id, 'daily', 'daily 07:00', created_us FROM list;
INSERT INTO digest (list_id, cadence, rhythm, last_us) SELECT id, 'weekly', 'weekly mon 07:00', created_us FROM list;

ALTER TABLE campaign ADD COLUMN kind TEXT NOT NULL DEFAULT 'post' CHECK (kind IN ('post', 'digest', 'correction'));
-- Whom it is for: 1 each post, 2 a mail a day, 4 a mail a week, added up.
ALTER TABLE campaign ADD COLUMN cadences BIGINT NOT NULL DEFAULT 7;
ALTER TABLE campaign ADD COLUMN corrects_id BIGINT REFERENCES campaign (id);
ALTER TABLE campaign ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';

CREATE TABLE campaign_post (
	campaign_id BIGINT NOT NULL REFERENCES campaign (id),
	position BIGINT NOT NULL,
	post_id BIGINT NOT NULL REFERENCES post (id),
	PRIMARY KEY (campaign_id, position)
);
CREATE INDEX campaign_post_of_post ON campaign_post (post_id);
INSERT INTO campaign_post (campaign_id, position, post_id) SELECT id, 0, post_id FROM campaign WHERE post_id IS NOT NULL;

-- Which of a digest's posts its reader had before: a bit for each position. replaced_by: the edition that an edit brought.
ALTER TABLE edition ADD COLUMN had BIGINT NOT NULL DEFAULT 0;
ALTER TABLE edition ADD COLUMN replaced_by BIGINT NOT NULL DEFAULT 0;
CREATE TABLE edition_post (
	edition_id BIGINT NOT NULL REFERENCES edition (id),
	post_id BIGINT NOT NULL REFERENCES post (id),
	version BIGINT NOT NULL,
	PRIMARY KEY (edition_id, post_id)
);
INSERT INTO edition_post (edition_id, post_id, version)
	SELECT e.id, c.post_id, p.version FROM edition e JOIN campaign c ON c.id = e.campaign_id JOIN post p ON p.id = c.post_id;
