-- The second factor of a login, which retailers ask for it, and what a session tells of itself.

-- It belongs to the login, not to a retailer: whoever works for several has one. The secret is sealed by the service
-- (ChaCha20-Poly1305); `sealed_with` says by which key, so that a sweep finds what a rotation has left behind.
CREATE TABLE directory_second_factors (
    login_id uuid PRIMARY KEY,
    sealed bytea NOT NULL CHECK (length(sealed) BETWEEN 40 AND 200),
    sealed_with text NOT NULL CHECK (length(sealed_with) BETWEEN 1 AND 32),
    last_step bigint NOT NULL CHECK (last_step >= 0),
    confirmed_at timestamptz,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE directory_second_factors IS 'citus:local A login''s authenticator: its sealed secret and the last time step that was used.';
GRANT SELECT, INSERT, UPDATE, DELETE ON directory_second_factors TO tillwatch_system;

CREATE TABLE directory_recovery_codes (
    login_id uuid NOT NULL,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (login_id, code_hash)
);
COMMENT ON TABLE directory_recovery_codes IS 'citus:local SHA-256 of the codes that stand in for a lost authenticator, each once.';
GRANT SELECT, INSERT, UPDATE, DELETE ON directory_recovery_codes TO tillwatch_system;

ALTER TABLE tenants ADD COLUMN second_factor text NOT NULL DEFAULT 'optional';
ALTER TABLE tenants ADD CONSTRAINT tenants_second_factor
    CHECK (second_factor IN ('optional', 'owners', 'everybody')) NOT VALID;

-- Which program opened a session and from which network, cut down by the service; absent in older sessions.
ALTER TABLE sessions ADD COLUMN client text;
ALTER TABLE sessions ADD COLUMN network text;
