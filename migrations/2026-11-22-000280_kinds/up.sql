-- Metrics of further kinds. The rollup of a level, a distinct count and a model's value holds the last value of its
-- bucket in `sum_e4`, with the key of the sample that it came from; a distinct count is kept for the period that its
-- source counted it for, which may be a week or a month. Durations are counted by length, in bins.

-- The nil uuid is "no subject"; the empty text "no period".
ALTER TABLE series ADD COLUMN subject_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE series ADD COLUMN period text NOT NULL DEFAULT '';

-- Several durations in one sample, in ten-thousandths, with a blank between; the value is their sum then.
ALTER TABLE samples ADD COLUMN many text;
ALTER TABLE samples ADD COLUMN previous_many text;

ALTER TABLE rollups ADD COLUMN last_key text;
ALTER TABLE rollups ADD CONSTRAINT rollups_resolution
    CHECK (resolution IN ('hour', 'day', 'week', 'month')) NOT VALID;
-- The wider one above stands in its place; nobody relies on the narrower.
-- squawk-ignore ban-drop-constraint
ALTER TABLE rollups DROP CONSTRAINT rollups_resolution_check;

CREATE TABLE rollup_bins (
    tenant_id uuid NOT NULL,
    series_id uuid NOT NULL,
    resolution text NOT NULL CHECK (resolution IN ('hour', 'day')),
    bucket timestamptz NOT NULL,
    bin integer NOT NULL CHECK (bin >= 0),
    count bigint NOT NULL,
    -- As for rollups, no foreign key to series.
    PRIMARY KEY (tenant_id, series_id, resolution, bucket, bin)
);
SELECT tillwatch_isolate('rollup_bins');
GRANT SELECT, INSERT, UPDATE ON rollup_bins TO tillwatch_app;
