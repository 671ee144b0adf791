-- What happened to a retailer's things, and the addresses that are told of it.

-- One row is one event, with the payload that every webhook gets. It is written by the transaction of the change.
CREATE TABLE events (
    tenant_id uuid NOT NULL REFERENCES tenants,
    event_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    -- The version of the kind's payload.
    schema_version integer NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX events_by_time ON events (tenant_id, at);
SELECT tillwatch_isolate('events');
GRANT SELECT, INSERT, DELETE ON events TO tillwatch_app;

CREATE TABLE webhooks (
    tenant_id uuid NOT NULL REFERENCES tenants,
    webhook_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
    -- The kinds of event that it is told of.
    kinds text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('enabled', 'disabled', 'archived')),
    -- Why it is not enabled: a person, an answer of 410, or too many days of failures.
    disabled_because text CHECK (disabled_because IN ('person', 'gone', 'failing')),
    -- Sealed: see backend/src/platform/sealed.rs. Absent once it is archived.
    secret bytea,
    -- The secret before, which signs beside the new one until then.
    previous_secret bytea,
    previous_until timestamptz,
    -- Since when nothing has been accepted; absent while all is well.
    failing_since timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, webhook_id)
);
SELECT tillwatch_isolate('webhooks');
GRANT SELECT, INSERT, UPDATE ON webhooks TO tillwatch_app;

-- Every try to send a message, for the retailer to look at. What was answered is not kept: it may hold anything.
CREATE TABLE webhook_attempts (
    tenant_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    message_id uuid NOT NULL,
    at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    -- Absent where no answer came; then `fault` says why.
    status integer,
    fault text,
    PRIMARY KEY (tenant_id, attempt_id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, webhook_id)
);
CREATE INDEX webhook_attempts_of_webhook ON webhook_attempts (tenant_id, webhook_id, attempt_id);
CREATE INDEX webhook_attempts_by_time ON webhook_attempts (tenant_id, at);
SELECT tillwatch_isolate('webhook_attempts');
GRANT SELECT, INSERT, DELETE ON webhook_attempts TO tillwatch_app;

-- One row is one event's way to one webhook.
CREATE TABLE queue_messages (
    message_id uuid PRIMARY KEY,
    for_tenant uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    due_at timestamptz NOT NULL,
    -- Grows with every claim: whoever has an older one has lost it.
    attempt integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    last_status integer,
    last_fault text,
    created_at timestamptz NOT NULL,
    delivered_at timestamptz,
    UNIQUE (for_tenant, webhook_id, event_id)
);
COMMENT ON TABLE queue_messages IS 'citus:local Claimed across tenants by the system role; the app role sees its own tenant only.';
CREATE INDEX queue_messages_due ON queue_messages (due_at) WHERE state = 'pending';
CREATE INDEX queue_messages_of_webhook ON queue_messages (for_tenant, webhook_id, message_id);
ALTER TABLE queue_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue_messages FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON queue_messages FOR ALL TO tillwatch_app
    USING (for_tenant = current_setting('app.tenant_id')::uuid)
    WITH CHECK (for_tenant = current_setting('app.tenant_id')::uuid);
CREATE POLICY queue ON queue_messages FOR ALL TO tillwatch_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON queue_messages TO tillwatch_app;
GRANT SELECT, UPDATE ON queue_messages TO tillwatch_system;
