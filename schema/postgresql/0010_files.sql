-- Pictures and attachments that lie beside a post's own file, by key; attachments that came that way name theirs, and have no content.
CREATE TABLE file (
	key TEXT PRIMARY KEY,
	type TEXT NOT NULL,
	width BIGINT NOT NULL,
	height BIGINT NOT NULL,
	content BYTEA NOT NULL
);
ALTER TABLE attachment ADD COLUMN file_key TEXT REFERENCES file (key);
-- What a source's last look left out, though it went well.
ALTER TABLE source ADD COLUMN note TEXT;
