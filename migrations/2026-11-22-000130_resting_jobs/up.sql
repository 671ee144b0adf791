-- A long job that the day has no room for rests until the next one, and goes on by itself.
ALTER TABLE long_jobs ADD COLUMN rests_until timestamptz;
