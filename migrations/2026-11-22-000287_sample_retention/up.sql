-- How long a retailer keeps samples as they came. Rollups stay.

CREATE TABLE sample_retention (
    tenant_id uuid NOT NULL PRIMARY KEY REFERENCES tenants,
    months integer NOT NULL CHECK (months BETWEEN 3 AND 120),
    -- Samples before this are removed, or about to be; none is taken any more. It never goes back.
    kept_from timestamptz,
    -- When that was set: whatever was being written then is done before anything is removed.
    marked_at timestamptz,
    version bigint NOT NULL,
    CHECK ((kept_from IS NULL) = (marked_at IS NULL))
);
SELECT tillwatch_isolate('sample_retention');
GRANT SELECT, INSERT, UPDATE ON sample_retention TO tillwatch_app;

-- By its own retailer alone, as everything on this table.
GRANT DELETE ON samples TO tillwatch_app;
