-- Metrics that retailers define for themselves: counted ones, and formulas over others.

CREATE TABLE own_metrics (
    tenant_id uuid NOT NULL REFERENCES tenants,
    metric_id uuid NOT NULL,
    key text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 120),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 120),
    unit text NOT NULL,
    classifier text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('sum', 'distinct', 'level', 'duration', 'model', 'formula')),
    adds_over_channels boolean NOT NULL,
    formula text CHECK (length(formula) BETWEEN 1 AND 500),
    direction text NOT NULL,
    family text NOT NULL,
    whole boolean NOT NULL,
    may_be_negative boolean NOT NULL,
    -- Of what a platform calls ROI: which of the two it is.
    stands_for text CHECK (stands_for IN ('roi', 'roas')),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, metric_id),
    -- An archived one keeps its key: what was counted under it would change its meaning.
    UNIQUE (tenant_id, key),
    CHECK ((kind = 'formula') = (formula IS NOT NULL))
);
SELECT tillwatch_isolate('own_metrics');
GRANT SELECT, INSERT, UPDATE ON own_metrics TO tillwatch_app;
