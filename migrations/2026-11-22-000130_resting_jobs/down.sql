ALTER TABLE long_jobs DROP COLUMN rests_until;
