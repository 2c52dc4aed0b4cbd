-- Numbers are given once here anyway; see its twin. Of campaigns that are there no more goes what was accepted of them.
DELETE FROM meta WHERE key LIKE 'campaign:%:ignore' AND key NOT IN (SELECT 'campaign:' || CAST(id AS TEXT) || ':ignore' FROM campaign);
