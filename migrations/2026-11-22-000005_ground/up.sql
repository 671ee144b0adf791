-- What authority stands on: the list of retailers, and when a session's person last proved who they are.

CREATE TABLE directory_tenants (
    for_tenant uuid PRIMARY KEY,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_tenants IS 'citus:local Every retailer, for what sweeps over all of them.';
GRANT INSERT ON directory_tenants TO tillwatch_app;
GRANT SELECT, DELETE ON directory_tenants TO tillwatch_system;

-- A directory table, so it can be filled here; each retailer has had a place in it since it signed up.
INSERT INTO directory_tenants (for_tenant, created_at) SELECT for_tenant, now() FROM directory_staff GROUP BY for_tenant;

-- Absent in a session that was opened before: then it is when the session was opened.
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz;
