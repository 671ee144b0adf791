-- What is counted: series, their samples, and the sums by hour and day.
--
-- Channel and campaign ids are opaque here; the nil uuid means "none". Values are ten-thousandths of the metric's
-- unit, so that sums are exact and a correction's delta is too.

CREATE TABLE series (
    tenant_id uuid NOT NULL REFERENCES tenants,
    series_id uuid NOT NULL,
    metric text NOT NULL CHECK (length(metric) BETWEEN 1 AND 64),
    channel_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, series_id),
    UNIQUE (tenant_id, metric, channel_id, campaign_id)
);
SELECT tillwatch_isolate('series');
GRANT SELECT, INSERT ON series TO tillwatch_app;

CREATE TABLE samples (
    tenant_id uuid NOT NULL,
    series_id uuid NOT NULL,
    at timestamptz NOT NULL,
    source_key text NOT NULL CHECK (length(source_key) BETWEEN 1 AND 128),
    value_e4 bigint NOT NULL,
    -- The value that the last correction replaced: a correction's exact delta is the difference.
    previous_e4 bigint,
    PRIMARY KEY (tenant_id, series_id, at, source_key)
) PARTITION BY RANGE (at);
SELECT tillwatch_isolate('samples');
GRANT SELECT, INSERT, UPDATE ON samples TO tillwatch_app;
CREATE TABLE samples_rest PARTITION OF samples DEFAULT;

-- Makes the monthly partitions from `first` to `last` that are missing; returns how many it made. A month whose
-- rows already lie in the rest partition stays there.
CREATE FUNCTION tillwatch_sample_months(first date, last date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', first);
    made integer := 0;
    name text;
BEGIN
    WHILE month <= last LOOP
        name := 'samples_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF samples FOR VALUES FROM (%L) TO (%L)',
                    name, month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                RAISE NOTICE 'the rest partition already holds rows of %', name;
            END;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$;

CREATE TABLE rollups (
    tenant_id uuid NOT NULL,
    series_id uuid NOT NULL,
    resolution text NOT NULL CHECK (resolution IN ('hour', 'day')),
    bucket timestamptz NOT NULL,
    sum_e4 bigint NOT NULL,
    samples bigint NOT NULL,
    -- As for samples, no foreign key: the series is made in the same transaction and nobody may delete one, and to
    -- check each new row would cost a third of writing it.
    PRIMARY KEY (tenant_id, series_id, resolution, bucket)
);
-- All series of one day: the KPI screen, and which day is the newest.
CREATE INDEX rollups_of_day ON rollups (tenant_id, bucket) WHERE resolution = 'day';
SELECT tillwatch_isolate('rollups');
GRANT SELECT, INSERT, UPDATE ON rollups TO tillwatch_app;
