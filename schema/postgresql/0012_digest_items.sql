-- What a person said of a post in the next digest of a cadence: left out, or where it stands (1 first; 0 by its time).
CREATE TABLE digest_item (
	digest_id BIGINT NOT NULL REFERENCES digest (id),
	post_id BIGINT NOT NULL REFERENCES post (id),
	place BIGINT NOT NULL DEFAULT 0,
	is_skipped BIGINT NOT NULL DEFAULT 0 CHECK (is_skipped IN (0, 1)),
	PRIMARY KEY (digest_id, post_id)
);
