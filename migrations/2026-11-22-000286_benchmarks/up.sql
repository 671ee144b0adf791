-- Reference values that a retailer loads, each with its source.

CREATE TABLE benchmarks (
    tenant_id uuid NOT NULL REFERENCES tenants,
    benchmark_id uuid NOT NULL,
    -- The group of retailers that it is of.
    retailers text NOT NULL,
    metric text NOT NULL CHECK (length(metric) BETWEEN 1 AND 40),
    year integer NOT NULL CHECK (year BETWEEN 2000 AND 2199),
    value_e4 bigint NOT NULL,
    low_e4 bigint,
    high_e4 bigint,
    -- Without a source a value is hearsay.
    source text NOT NULL CHECK (length(source) BETWEEN 3 AND 300),
    source_url text CHECK (length(source_url) <= 500),
    loaded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, benchmark_id),
    UNIQUE (tenant_id, retailers, metric, year)
);
SELECT tillwatch_isolate('benchmarks');
GRANT SELECT, INSERT, UPDATE, DELETE ON benchmarks TO tillwatch_app;
