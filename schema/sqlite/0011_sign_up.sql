-- Sign-ups on our pages: the throttles count them over a restart, a form is taken once, and what was asked for is done after the answer.
-- peer and address are keyed hashes; email and name go when it is done, the row after eight days.
CREATE TABLE sign_up (
	id INTEGER PRIMARY KEY,
	form INTEGER NOT NULL UNIQUE,
	list_id INTEGER NOT NULL REFERENCES list (id),
	peer TEXT NOT NULL,
	domain TEXT NOT NULL,
	address TEXT NOT NULL,
	email TEXT NOT NULL,
	name TEXT NOT NULL,
	how TEXT NOT NULL,
	at_us INTEGER NOT NULL,
	done_us INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sign_up_of_peer ON sign_up (peer, at_us);
CREATE INDEX sign_up_of_domain ON sign_up (domain, at_us);
CREATE INDEX sign_up_at ON sign_up (at_us);
CREATE INDEX sign_up_waiting ON sign_up (id) WHERE done_us = 0;
