-- What a sample may be about beside its channel and campaign: a content item, a keyword, a product. The id follows from
-- retailer, kind and key, so that nobody has to look it up to count.

CREATE TABLE subjects (
    tenant_id uuid NOT NULL REFERENCES tenants,
    subject_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('content', 'keyword', 'product')),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subject_id),
    UNIQUE (tenant_id, kind, key)
);
SELECT tillwatch_isolate('subjects');
GRANT SELECT, INSERT ON subjects TO tillwatch_app;
