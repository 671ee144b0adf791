-- A retailer's further settings, its plan with the limits that differ from it, and whether it is served.

ALTER TABLE tenants ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE tenants ADD COLUMN fiscal_week_start text NOT NULL DEFAULT 'mon';
-- Minutes of the local day.
ALTER TABLE tenants ADD COLUMN quiet_from integer;
ALTER TABLE tenants ADD COLUMN quiet_until integer;
ALTER TABLE tenants ADD COLUMN residency text;
ALTER TABLE tenants ADD COLUMN plan text NOT NULL DEFAULT 'trial';
-- What differs from the plan; null is what the plan says.
ALTER TABLE tenants ADD COLUMN limit_requests_per_minute bigint;
ALTER TABLE tenants ADD COLUMN limit_concurrent_requests bigint;
ALTER TABLE tenants ADD COLUMN limit_samples_per_day bigint;
ALTER TABLE tenants ADD COLUMN limit_staff bigint;
ALTER TABLE tenants ADD COLUMN limit_api_tokens bigint;
ALTER TABLE tenants ADD COLUMN state text NOT NULL DEFAULT 'active';
ALTER TABLE tenants ADD COLUMN state_since timestamptz;

ALTER TABLE tenants ADD CONSTRAINT tenants_fiscal_week_start
    CHECK (fiscal_week_start IN ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')) NOT VALID;
ALTER TABLE tenants ADD CONSTRAINT tenants_quiet_hours CHECK (
    (quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from BETWEEN 0 AND 1439 AND quiet_until BETWEEN 0 AND 1439
) NOT VALID;
ALTER TABLE tenants ADD CONSTRAINT tenants_residency CHECK (residency ~ '^[A-Z]{2}$') NOT VALID;
ALTER TABLE tenants ADD CONSTRAINT tenants_plan CHECK (plan IN ('trial', 'standard', 'enterprise')) NOT VALID;
ALTER TABLE tenants ADD CONSTRAINT tenants_state CHECK (state IN ('active', 'suspended', 'closing')) NOT VALID;
ALTER TABLE tenants ADD CONSTRAINT tenants_limits CHECK (
    limit_requests_per_minute >= 0 AND limit_concurrent_requests >= 0 AND limit_samples_per_day >= 0
    AND limit_staff >= 0 AND limit_api_tokens >= 0
) NOT VALID;

-- What a retailer has used of a day, in its own time zone.
CREATE TABLE daily_usage (
    tenant_id uuid NOT NULL REFERENCES tenants,
    day date NOT NULL,
    samples bigint NOT NULL CHECK (samples >= 0),
    PRIMARY KEY (tenant_id, day)
);
SELECT tillwatch_isolate('daily_usage');
GRANT SELECT, INSERT, UPDATE ON daily_usage TO tillwatch_app;

-- Only those whose work rests, so that a claim of work looks at next to nothing.
CREATE TABLE directory_resting (
    for_tenant uuid PRIMARY KEY,
    since timestamptz NOT NULL
);
COMMENT ON TABLE directory_resting IS 'citus:local Retailers that are suspended: their jobs and deliveries wait.';
GRANT SELECT, INSERT, DELETE ON directory_resting TO tillwatch_system;
