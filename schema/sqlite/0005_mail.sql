-- How a list's mails look, and files that go with a post.
ALTER TABLE list ADD COLUMN theme TEXT NOT NULL DEFAULT '';
ALTER TABLE list ADD COLUMN text_links TEXT NOT NULL DEFAULT 'notes' CHECK (text_links IN ('notes', 'inline'));
ALTER TABLE list ADD COLUMN images TEXT NOT NULL DEFAULT 'link' CHECK (images IN ('link', 'inline'));
-- The template of that name is called letter now.
UPDATE list SET template = 'letter' WHERE template = 'default';

CREATE TABLE attachment (
	id INTEGER PRIMARY KEY,
	post_id INTEGER NOT NULL REFERENCES post (id),
	name TEXT NOT NULL,
	type TEXT NOT NULL,
	content BLOB NOT NULL,
	UNIQUE (post_id, name)
) STRICT;
