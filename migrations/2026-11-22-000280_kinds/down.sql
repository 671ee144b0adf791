DROP TABLE rollup_bins;
ALTER TABLE rollups ADD CONSTRAINT rollups_resolution_check CHECK (resolution IN ('hour', 'day')) NOT VALID;
ALTER TABLE rollups DROP CONSTRAINT rollups_resolution;
ALTER TABLE rollups DROP COLUMN last_key;
ALTER TABLE samples DROP COLUMN previous_many;
ALTER TABLE samples DROP COLUMN many;
ALTER TABLE series DROP COLUMN period;
ALTER TABLE series DROP COLUMN subject_id;
