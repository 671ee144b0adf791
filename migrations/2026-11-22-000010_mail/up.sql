-- Mails as rows of the business transaction, invitations, links that are sent by mail, and a staff's own settings.

-- A mail holds no secret: the token of its link is derived from the process's key and the mail's id, and only its hash is
-- kept, in directory_links. A mail to a login names the login; its address stays in the directory.
CREATE TABLE mails (
    tenant_id uuid NOT NULL REFERENCES tenants,
    mail_id uuid NOT NULL,
    to_address text CHECK (length(to_address) BETWEEN 3 AND 254),
    to_login uuid,
    locale text NOT NULL CHECK (locale IN ('en', 'zh-CN')),
    template text NOT NULL CHECK (template ~ '^[a-z_]{1,40}$'),
    fields jsonb NOT NULL,
    token_hash bytea CHECK (length(token_hash) = 32),
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'kept', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    claimed_until timestamptz,
    failure text CHECK (length(failure) <= 300),
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (tenant_id, mail_id),
    CHECK ((to_address IS NULL) <> (to_login IS NULL))
);
CREATE INDEX mails_age ON mails (tenant_id, created_at);
SELECT tillwatch_isolate('mails');
GRANT SELECT, INSERT, UPDATE, DELETE ON mails TO tillwatch_app;

CREATE TABLE invitations (
    tenant_id uuid NOT NULL REFERENCES tenants,
    invitation_id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    name text CHECK (length(name) BETWEEN 1 AND 120),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'marketer', 'analyst', 'compliance', 'service_agent', 'integrator', 'viewer')),
    locale text NOT NULL CHECK (locale IN ('en', 'zh-CN')),
    invited_by uuid NOT NULL,
    mail_id uuid NOT NULL,
    mailed_at timestamptz NOT NULL,
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    staff_id uuid,
    withdrawn_at timestamptz,
    PRIMARY KEY (tenant_id, invitation_id),
    FOREIGN KEY (tenant_id, invited_by) REFERENCES staff (tenant_id, staff_id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff (tenant_id, staff_id),
    CHECK ((accepted_at IS NULL) = (staff_id IS NULL)),
    CHECK (accepted_at IS NULL OR withdrawn_at IS NULL)
);
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email) WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
SELECT tillwatch_isolate('invitations');
GRANT SELECT, INSERT, UPDATE ON invitations TO tillwatch_app;

-- What a mailed link opens. Beside directory_credentials, since these are looked for by what they open, too: a new
-- password makes every other link of its login useless.
CREATE TABLE directory_links (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    kind text NOT NULL CHECK (kind IN ('invitation', 'password_reset')),
    for_tenant uuid NOT NULL,
    subject_id uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_links IS 'citus:local SHA-256 of a mailed link''s token to its invitation or login.';
CREATE INDEX directory_links_expiry ON directory_links (expires_at);
CREATE INDEX directory_links_subject ON directory_links (subject_id);
GRANT INSERT ON directory_links TO tillwatch_app;
GRANT SELECT, DELETE ON directory_links TO tillwatch_system;

-- Absent: never changed since the login was made.
ALTER TABLE directory_logins ADD COLUMN password_changed_at timestamptz;

-- What a staff changes themselves, and until when the sessions of before a new password were ended.
ALTER TABLE staff ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE staff ADD COLUMN locale text;
ALTER TABLE staff ADD COLUMN password_changed_at timestamptz;
ALTER TABLE staff ADD CONSTRAINT staff_locale CHECK (locale IN ('en', 'zh-CN')) NOT VALID;
