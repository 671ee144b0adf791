-- What a metric shall reach by when: goals, their periods, every version of them, and monthly corrections.

CREATE TABLE goals (
    tenant_id uuid NOT NULL REFERENCES tenants,
    goal_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    -- A draft may lack what follows.
    metric text,
    channel_id uuid,
    campaign_id uuid,
    baseline_e4 bigint,
    baseline_source text CHECK (baseline_source IN ('given', 'stored')),
    target_e4 bigint,
    starts_on date,
    ends_on date,
    owner_id uuid,
    relevance text NOT NULL CHECK (length(relevance) <= 500),
    -- Campaigns that pursue it.
    campaigns uuid[] NOT NULL,
    period text NOT NULL CHECK (period IN ('week', 'month')),
    spread text NOT NULL CHECK (spread IN ('days', 'last_year')),
    state text NOT NULL CHECK (state IN ('draft', 'active', 'reached', 'missed', 'archived')),
    state_since timestamptz NOT NULL,
    -- Why it is pursued although the stored history never reached its pace.
    achievable_anyway text CHECK (length(achievable_anyway) BETWEEN 1 AND 500),
    activated_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, goal_id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, channel_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id),
    CHECK (starts_on <= ends_on)
);
SELECT tillwatch_isolate('goals');
GRANT SELECT, INSERT, UPDATE ON goals TO tillwatch_app;

CREATE TABLE goal_periods (
    tenant_id uuid NOT NULL,
    goal_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    target_e4 bigint NOT NULL,
    PRIMARY KEY (tenant_id, goal_id, starts_on),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goals (tenant_id, goal_id),
    CHECK (starts_on <= ends_on)
);
SELECT tillwatch_isolate('goal_periods');
GRANT SELECT, INSERT, UPDATE, DELETE ON goal_periods TO tillwatch_app;

CREATE TABLE goal_versions (
    tenant_id uuid NOT NULL,
    goal_id uuid NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    step text NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    via text NOT NULL,
    goal jsonb NOT NULL,
    periods jsonb NOT NULL,
    PRIMARY KEY (tenant_id, goal_id, version),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goals (tenant_id, goal_id)
);
SELECT tillwatch_isolate('goal_versions');
GRANT SELECT, INSERT ON goal_versions TO tillwatch_app;

CREATE TABLE goal_proposals (
    tenant_id uuid NOT NULL,
    proposal_id uuid NOT NULL,
    goal_id uuid NOT NULL,
    -- The first day of the month whose figures it rests on.
    month date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'refused', 'superseded')),
    -- What that month was to bring and brought; of a ratio, where it was to be and was at its end.
    planned_e4 bigint NOT NULL,
    achieved_e4 bigint NOT NULL,
    target_before_e4 bigint NOT NULL,
    target_after_e4 bigint NOT NULL,
    -- The periods that it would change, with their targets before and after.
    periods jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    decision_reason text CHECK (length(decision_reason) BETWEEN 1 AND 500),
    PRIMARY KEY (tenant_id, proposal_id),
    UNIQUE (tenant_id, goal_id, month),
    FOREIGN KEY (tenant_id, goal_id) REFERENCES goals (tenant_id, goal_id)
);
SELECT tillwatch_isolate('goal_proposals');
GRANT SELECT, INSERT, UPDATE ON goal_proposals TO tillwatch_app;
