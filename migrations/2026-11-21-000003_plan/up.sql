-- What is intended: channels, campaigns with their history, and what each campaign has cost and brought so far.

CREATE TABLE channels (
    tenant_id uuid NOT NULL REFERENCES tenants,
    channel_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    external_key text CHECK (length(external_key) BETWEEN 1 AND 128),
    kind text NOT NULL,
    online boolean NOT NULL,
    domain text NOT NULL CHECK (domain IN ('public', 'private')),
    stage text NOT NULL CHECK (stage IN ('candidate', 'pilot', 'active', 'paused', 'retired')),
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, channel_id),
    UNIQUE (tenant_id, external_key)
);
SELECT tillwatch_isolate('channels');
GRANT SELECT, INSERT, UPDATE ON channels TO tillwatch_app;

CREATE TABLE campaigns (
    tenant_id uuid NOT NULL REFERENCES tenants,
    campaign_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    external_key text CHECK (length(external_key) BETWEEN 1 AND 128),
    objective text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('draft', 'in_review', 'scheduled', 'active', 'paused', 'completed', 'cancelled')),
    state_reason text,
    state_since timestamptz NOT NULL,
    -- The alert whose stop-loss paused it, while it is so paused.
    stopped_by uuid,
    starts_on date,
    ends_on date,
    budget_minor bigint CHECK (budget_minor >= 0),
    budget_currency text,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, campaign_id),
    UNIQUE (tenant_id, external_key),
    CHECK (starts_on <= ends_on),
    CHECK ((budget_minor IS NULL) = (budget_currency IS NULL))
);
SELECT tillwatch_isolate('campaigns');
GRANT SELECT, INSERT, UPDATE ON campaigns TO tillwatch_app;

CREATE TABLE campaign_channels (
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, channel_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, channel_id)
);
SELECT tillwatch_isolate('campaign_channels');
GRANT SELECT, INSERT, DELETE ON campaign_channels TO tillwatch_app;

CREATE TABLE campaign_events (
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    -- The campaign's version that this step made: two steps can never claim the same place in the history.
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text,
    actor_kind text NOT NULL,
    actor_id uuid,
    via text NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, version),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id)
);
SELECT tillwatch_isolate('campaign_events');
GRANT SELECT, INSERT ON campaign_events TO tillwatch_app;

CREATE TABLE campaign_totals (
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    metric text NOT NULL,
    total_e4 bigint NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, metric),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id)
);
SELECT tillwatch_isolate('campaign_totals');
GRANT SELECT, INSERT, UPDATE ON campaign_totals TO tillwatch_app;
