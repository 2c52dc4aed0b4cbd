-- Written by an editor of the list, not taken from a site: merge tags in it are filled.
ALTER TABLE post ADD COLUMN is_ours BIGINT NOT NULL DEFAULT 0 CHECK (is_ours IN (0, 1));
UPDATE post SET is_ours = 1 WHERE source_id IS NULL;
