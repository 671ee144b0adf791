-- What a rule said of each day of each series, and what followed: why an alert was raised, or was not. Kept for 90 days.
CREATE TABLE evaluations (
    tenant_id uuid NOT NULL REFERENCES tenants,
    evaluation_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    -- The nil uuid where the rule judges no channel by itself.
    channel_id uuid NOT NULL,
    window_start timestamptz NOT NULL,
    -- When it was judged last.
    at timestamptz NOT NULL,
    outcome text NOT NULL
        CHECK (outcome IN ('raised', 'already_open', 'resolved', 'holding', 'fine', 'not_judged')),
    -- Why it could not be judged.
    reason text,
    figures jsonb,
    alert_id uuid,
    PRIMARY KEY (tenant_id, evaluation_id),
    UNIQUE (tenant_id, rule_id, channel_id, window_start),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES rules (tenant_id, rule_id)
);
CREATE INDEX evaluations_of_rule ON evaluations (tenant_id, rule_id, evaluation_id);
CREATE INDEX evaluations_by_time ON evaluations (tenant_id, at);
SELECT tillwatch_isolate('evaluations');
GRANT SELECT, INSERT, UPDATE, DELETE ON evaluations TO tillwatch_app;
