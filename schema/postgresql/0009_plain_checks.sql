-- A matter of SQLite alone; see its twin.
DO $$ BEGIN END $$;
