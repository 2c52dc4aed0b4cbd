-- How often a source asked to be looked at when it last said so: a 304 says nothing.
ALTER TABLE source ADD COLUMN ttl_us INTEGER NOT NULL DEFAULT 0;
