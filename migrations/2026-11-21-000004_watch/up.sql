-- What happens: rules, how far each has judged, alerts with their timeline, chat links, deliveries.

CREATE TABLE rules (
    tenant_id uuid NOT NULL REFERENCES tenants,
    rule_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    kind text NOT NULL CHECK (kind IN ('threshold', 'stop_loss', 'deviation')),
    metric text NOT NULL,
    spec jsonb NOT NULL,
    channel_id uuid,
    campaign_id uuid,
    per_channel boolean NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, rule_id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, channel_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id)
);
CREATE INDEX rules_of_campaign ON rules (tenant_id, campaign_id);
SELECT tillwatch_isolate('rules');
GRANT SELECT, INSERT, UPDATE ON rules TO tillwatch_app;

CREATE TABLE rule_progress (
    tenant_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    -- The nil uuid where the rule judges all channels together.
    channel_id uuid NOT NULL,
    judged_through date NOT NULL,
    PRIMARY KEY (tenant_id, rule_id, channel_id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES rules (tenant_id, rule_id)
);
SELECT tillwatch_isolate('rule_progress');
GRANT SELECT, INSERT, UPDATE ON rule_progress TO tillwatch_app;

CREATE TABLE alerts (
    tenant_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    rule_name text NOT NULL,
    spec jsonb NOT NULL,
    metric text NOT NULL,
    severity text NOT NULL,
    state text NOT NULL CHECK (state IN ('firing', 'acknowledged', 'resolved')),
    channel_id uuid,
    campaign_id uuid,
    figures jsonb NOT NULL,
    window_start timestamptz NOT NULL,
    paused_campaign boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    resolved_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    -- What is breached: rule, channel and campaign in one text, so that one unique index says "one open alert a breach".
    breach_key text NOT NULL,
    PRIMARY KEY (tenant_id, alert_id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES rules (tenant_id, rule_id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, channel_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id)
);
CREATE UNIQUE INDEX alerts_one_open_per_breach ON alerts (tenant_id, breach_key) WHERE state <> 'resolved';
CREATE INDEX alerts_open_of_rule ON alerts (tenant_id, rule_id) WHERE state <> 'resolved';
CREATE INDEX alerts_of_campaign ON alerts (tenant_id, campaign_id);
SELECT tillwatch_isolate('alerts');
GRANT SELECT, INSERT, UPDATE ON alerts TO tillwatch_app;

CREATE TABLE alert_events (
    tenant_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    event text NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    via text NOT NULL,
    figures jsonb,
    PRIMARY KEY (tenant_id, alert_id, version),
    FOREIGN KEY (tenant_id, alert_id) REFERENCES alerts (tenant_id, alert_id)
);
SELECT tillwatch_isolate('alert_events');
GRANT SELECT, INSERT ON alert_events TO tillwatch_app;

CREATE TABLE link_codes (
    tenant_id uuid NOT NULL,
    link_code_id uuid NOT NULL,
    staff_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, link_code_id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff (tenant_id, staff_id)
);
SELECT tillwatch_isolate('link_codes');
GRANT SELECT, INSERT, UPDATE ON link_codes TO tillwatch_app;

CREATE TABLE chat_servers (
    tenant_id uuid NOT NULL REFERENCES tenants,
    chat_server_id uuid NOT NULL,
    transport text NOT NULL CHECK (transport IN ('discord', 'console')),
    server_ref text NOT NULL,
    channel_ref text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, chat_server_id),
    UNIQUE (tenant_id, transport, server_ref)
);
SELECT tillwatch_isolate('chat_servers');
GRANT SELECT, INSERT, UPDATE, DELETE ON chat_servers TO tillwatch_app;

CREATE TABLE chat_users (
    tenant_id uuid NOT NULL,
    chat_user_id uuid NOT NULL,
    chat_server_id uuid NOT NULL,
    user_ref text NOT NULL,
    staff_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, chat_user_id),
    UNIQUE (tenant_id, chat_server_id, user_ref),
    FOREIGN KEY (tenant_id, chat_server_id) REFERENCES chat_servers (tenant_id, chat_server_id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff (tenant_id, staff_id)
);
SELECT tillwatch_isolate('chat_users');
GRANT SELECT, INSERT, UPDATE, DELETE ON chat_users TO tillwatch_app;

-- One row is one incident's message in one chat channel. It is level-triggered: the row says which version of the
-- alert the chat shall show and which it shows, so any number of changes collapse into one edit.
CREATE TABLE queue_deliveries (
    delivery_id uuid PRIMARY KEY,
    for_tenant uuid NOT NULL,
    alert_id uuid NOT NULL,
    transport text NOT NULL CHECK (transport IN ('discord', 'console')),
    server_ref text NOT NULL,
    channel_ref text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
    wanted_version bigint NOT NULL,
    -- Since when that version is wanted: what fails for too long from there on is given up.
    wanted_at timestamptz NOT NULL,
    posted_version bigint NOT NULL DEFAULT 0,
    message_ref text,
    due_at timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    -- The chat refused it for good, so that no newer version helps.
    refused boolean NOT NULL DEFAULT false,
    first_claimed_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    UNIQUE (for_tenant, alert_id, transport, server_ref)
);
COMMENT ON TABLE queue_deliveries IS 'citus:local Claimed across tenants by the system role; the app role sees its own tenant only.';
CREATE INDEX queue_deliveries_due ON queue_deliveries (due_at) WHERE state = 'pending';
CREATE INDEX queue_deliveries_of_alert ON queue_deliveries (for_tenant, alert_id);
ALTER TABLE queue_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON queue_deliveries FOR ALL TO tillwatch_app
    USING (for_tenant = current_setting('app.tenant_id')::uuid)
    WITH CHECK (for_tenant = current_setting('app.tenant_id')::uuid);
CREATE POLICY queue ON queue_deliveries FOR ALL TO tillwatch_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON queue_deliveries TO tillwatch_app;
GRANT SELECT, UPDATE ON queue_deliveries TO tillwatch_system;
