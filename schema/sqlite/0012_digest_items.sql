-- What a person said of a post in the next digest of a cadence: left out, or where it stands (1 first; 0 by its time).
CREATE TABLE digest_item (
	digest_id INTEGER NOT NULL REFERENCES digest (id),
	post_id INTEGER NOT NULL REFERENCES post (id),
	place INTEGER NOT NULL DEFAULT 0,
	is_skipped INTEGER NOT NULL DEFAULT 0 CHECK (is_skipped IN (0, 1)),
	PRIMARY KEY (digest_id, post_id)
) STRICT, WITHOUT ROWID;
