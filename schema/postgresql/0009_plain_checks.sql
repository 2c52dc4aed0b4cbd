-- A matter of SQLite alone; see its twin.
SELECT 1;
