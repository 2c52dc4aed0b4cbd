-- Links in test mails name a list and a campaign by their numbers: those of what was deleted are not given again. No row of them changes:
-- the words that describe the tables do. Then, of campaigns that are there no more, goes what was accepted of them.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'id INTEGER PRIMARY KEY,', 'id INTEGER PRIMARY KEY AUTOINCREMENT,')
	WHERE type = 'table' AND name IN ('list', 'campaign');
CREATE VIEW numbers AS SELECT 1;
DROP VIEW numbers;
PRAGMA writable_schema = RESET;
DELETE FROM meta WHERE key LIKE 'campaign:%:ignore' AND key NOT IN (SELECT 'campaign:' || CAST(id AS TEXT) || ':ignore' FROM campaign);
