-- Documents that are fetched on a schedule, where a partner cannot push.
CREATE TABLE feeds (
    tenant_id uuid NOT NULL REFERENCES tenants,
    feed_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    kind text NOT NULL CHECK (kind IN ('crm', 'erp', 'pos', 'shop', 'web', 'ads', 'social', 'other')),
    -- Where from, up to the `?`, this one included.
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
    format text NOT NULL CHECK (format IN ('csv', 'json', 'ndjson')),
    -- What of a row is what: see shared/src/feeds.rs.
    mapping jsonb NOT NULL,
    -- What stands behind the `?`, and the request headers, sealed: see backend/src/platform/sealed.rs. Absent where there is
    -- neither, and once it is archived.
    secrets bytea,
    header_names text[] NOT NULL,
    every text NOT NULL CHECK (every IN ('5m', '15m', '30m', '1h', '1d')),
    -- The minute of the local day at which a daily one is fetched.
    minute integer NOT NULL CHECK (minute BETWEEN 0 AND 1439),
    -- After so long without anything new it is missed; absent: three times its cadence.
    grace_minutes integer CHECK (grace_minutes BETWEEN 5 AND 43200),
    life text NOT NULL CHECK (life IN ('active', 'paused', 'archived')),
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    -- Since when it is watched: made, resumed, pointed elsewhere, given another cadence or grace, or not looked at for long.
    watched_since timestamptz NOT NULL,
    -- Samples from before it are left out.
    taken_from timestamptz,
    -- What the last good answer was known by, so that the same one is not taken in again.
    etag text,
    last_modified text,
    digest bytea,
    last_run_at timestamptz,
    last_success_at timestamptz,
    -- When it last brought something new.
    last_new_at timestamptz,
    -- The time of the newest sample that it brought.
    newest_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    -- The last twenty runs, a bit each, the newest lowest: set where it failed; and how many there were, up to twenty.
    recent integer NOT NULL DEFAULT 0,
    recent_runs integer NOT NULL DEFAULT 0,
    last_fault text,
    -- Since when it is unwell, and what the matter is or was; the number of the episode, so that each is told once.
    unwell_since timestamptz,
    trouble text CHECK (trouble IN ('failing', 'silent')),
    -- Why it failed when the team was told.
    told_fault text,
    episode integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, feed_id)
);
SELECT tillwatch_isolate('feeds');
GRANT SELECT, INSERT, UPDATE ON feeds TO tillwatch_app;

-- What came of each fetch: the newest fifty of a feed, for thirty days.
CREATE TABLE feed_runs (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    feed_id uuid NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('taken', 'unchanged', 'refused', 'failed')),
    fault text,
    detail text,
    -- Absent where no answer came.
    status integer,
    bytes bigint NOT NULL,
    accepted integer NOT NULL,
    corrected integer NOT NULL,
    unchanged integer NOT NULL,
    refused integer NOT NULL,
    -- The first refused rows, each with its reason.
    refusals jsonb NOT NULL,
    PRIMARY KEY (tenant_id, run_id),
    FOREIGN KEY (tenant_id, feed_id) REFERENCES feeds (tenant_id, feed_id)
);
CREATE INDEX feed_runs_of_feed ON feed_runs (tenant_id, feed_id, run_id);
SELECT tillwatch_isolate('feed_runs');
GRANT SELECT, INSERT, DELETE ON feed_runs TO tillwatch_app;

-- When each active feed is fetched next.
CREATE TABLE queue_fetches (
    feed_id uuid PRIMARY KEY,
    for_tenant uuid NOT NULL,
    due_at timestamptz NOT NULL,
    -- Until then somebody fetches it.
    claimed_until timestamptz,
    -- Whose it is: each claim has an id of its own, and whoever has another one has lost it.
    claim_id uuid,
    -- Claims of which nothing was written down, since one was.
    lost integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE queue_fetches IS 'citus:local Claimed across tenants by the system role; the app role sees its own tenant only.';
CREATE INDEX queue_fetches_due ON queue_fetches (due_at);
CREATE INDEX queue_fetches_of_tenant ON queue_fetches (for_tenant);
ALTER TABLE queue_fetches ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue_fetches FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON queue_fetches FOR ALL TO tillwatch_app
    USING (for_tenant = current_setting('app.tenant_id')::uuid)
    WITH CHECK (for_tenant = current_setting('app.tenant_id')::uuid);
CREATE POLICY queue ON queue_fetches FOR ALL TO tillwatch_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON queue_fetches TO tillwatch_app;
-- DELETE: the local tables of a retailer who left are erased by this role (000081).
GRANT SELECT, UPDATE, DELETE ON queue_fetches TO tillwatch_system;
