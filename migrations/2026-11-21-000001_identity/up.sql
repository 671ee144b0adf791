-- Who: the isolation policy, the directory, retailers, staff, sessions, API tokens, audit, and the work queue.
--
-- Roles (made by the database's administrator, see README.md): the owner runs this file, `tillwatch_app` serves
-- requests under row-level security, `tillwatch_system` reads what is needed before a tenant is known.

GRANT USAGE ON SCHEMA public TO tillwatch_app, tillwatch_system;

-- The one policy of every table with a tenant_id. An unset tenant is an error on purpose.
CREATE FUNCTION tillwatch_isolate(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY tenant ON %s FOR ALL '
        'USING (tenant_id = current_setting(''app.tenant_id'')::uuid) '
        'WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', target);
END $$;

-- Directory: what is asked before a tenant is known. The app role may add rows and never read them.
CREATE TABLE directory_logins (
    login_id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) <= 254),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_logins IS 'citus:local A person''s e-mail and password, without tenant.';
GRANT INSERT ON directory_logins TO tillwatch_app;
GRANT SELECT, UPDATE ON directory_logins TO tillwatch_system;

-- Keyed by a hash of what was typed, so that an address without a login is throttled as one that has one.
CREATE TABLE directory_sign_in_attempts (
    key_hash bytea PRIMARY KEY CHECK (length(key_hash) = 32),
    failures integer NOT NULL CHECK (failures >= 0),
    locked_until timestamptz,
    tried_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_sign_in_attempts IS 'citus:local Wrong passwords by e-mail address and by client, as keyed hashes.';
CREATE INDEX directory_sign_in_attempts_age ON directory_sign_in_attempts (tried_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON directory_sign_in_attempts TO tillwatch_system;

CREATE TABLE directory_staff (
    login_id uuid NOT NULL,
    for_tenant uuid NOT NULL,
    staff_id uuid NOT NULL,
    PRIMARY KEY (login_id, for_tenant)
);
COMMENT ON TABLE directory_staff IS 'citus:local Which tenants a login has a staff in.';
GRANT INSERT ON directory_staff TO tillwatch_app;
GRANT SELECT ON directory_staff TO tillwatch_system;

CREATE TABLE directory_credentials (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    kind text NOT NULL CHECK (kind IN ('api_token', 'refresh', 'link_code')),
    for_tenant uuid NOT NULL,
    subject_id uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_credentials IS 'citus:local SHA-256 of an opaque credential to its tenant and subject.';
CREATE INDEX directory_credentials_expiry ON directory_credentials (expires_at);
GRANT INSERT ON directory_credentials TO tillwatch_app;
GRANT SELECT, DELETE ON directory_credentials TO tillwatch_system;

CREATE TABLE directory_bot_assertions (
    assertion_id text PRIMARY KEY CHECK (length(assertion_id) BETWEEN 1 AND 64),
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_bot_assertions IS 'citus:local Assertions of the bot that were used: each works once.';
CREATE INDEX directory_bot_assertions_expiry ON directory_bot_assertions (expires_at);
GRANT SELECT, INSERT, DELETE ON directory_bot_assertions TO tillwatch_system;

CREATE TABLE directory_chat_servers (
    transport text NOT NULL,
    server_ref text NOT NULL,
    for_tenant uuid NOT NULL,
    PRIMARY KEY (transport, server_ref)
);
COMMENT ON TABLE directory_chat_servers IS 'citus:local Which tenant a chat server is linked to.';
GRANT INSERT ON directory_chat_servers TO tillwatch_app;
GRANT SELECT, DELETE ON directory_chat_servers TO tillwatch_system;

CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    locale text NOT NULL CHECK (locale IN ('en', 'zh-CN')),
    time_zone text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz NOT NULL
);
SELECT tillwatch_isolate('tenants');
GRANT SELECT, INSERT, UPDATE ON tenants TO tillwatch_app;

CREATE TABLE staff (
    tenant_id uuid NOT NULL REFERENCES tenants,
    staff_id uuid NOT NULL,
    login_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'marketer', 'analyst', 'compliance', 'service_agent', 'integrator', 'viewer')),
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, staff_id),
    UNIQUE (tenant_id, login_id)
);
SELECT tillwatch_isolate('staff');
GRANT SELECT, INSERT, UPDATE ON staff TO tillwatch_app;

CREATE TABLE sessions (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    staff_id uuid NOT NULL,
    current_hash bytea NOT NULL CHECK (length(current_hash) = 32),
    previous_hash bytea CHECK (length(previous_hash) = 32),
    rotated_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff (tenant_id, staff_id)
);
CREATE INDEX sessions_of_staff ON sessions (tenant_id, staff_id);
SELECT tillwatch_isolate('sessions');
GRANT SELECT, INSERT, UPDATE ON sessions TO tillwatch_app;

CREATE TABLE api_tokens (
    tenant_id uuid NOT NULL REFERENCES tenants,
    api_token_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    starts_with text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, api_token_id)
);
SELECT tillwatch_isolate('api_tokens');
GRANT SELECT, INSERT, UPDATE ON api_tokens TO tillwatch_app;

CREATE TABLE audit_entries (
    tenant_id uuid NOT NULL REFERENCES tenants,
    audit_id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('staff', 'api_token', 'rule', 'system')),
    actor_id uuid,
    via text NOT NULL,
    action text NOT NULL,
    object text,
    reason text,
    before jsonb,
    after jsonb,
    request_id text NOT NULL,
    PRIMARY KEY (tenant_id, audit_id)
);
CREATE INDEX audit_entries_of_object ON audit_entries (tenant_id, object, audit_id);
SELECT tillwatch_isolate('audit_entries');
GRANT SELECT, INSERT ON audit_entries TO tillwatch_app;

CREATE TABLE queue_jobs (
    job_id uuid PRIMARY KEY,
    for_tenant uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    request_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'dead')),
    run_at timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    last_error text,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE queue_jobs IS 'citus:local Deferred work, written in the business transaction; done work is deleted.';
CREATE INDEX queue_jobs_due ON queue_jobs (run_at) WHERE state = 'ready';
GRANT INSERT ON queue_jobs TO tillwatch_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON queue_jobs TO tillwatch_system;
