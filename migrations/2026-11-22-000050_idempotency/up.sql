-- What a POST with an idempotency key was answered, written in the transaction of its effect and kept for a day.

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- SHA-256 of who asked, of the operation and of the key itself.
    key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
    -- SHA-256 of what was asked: the same key with another body is refused.
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    -- Absent only within the transaction that is working on it.
    status integer CHECK (status BETWEEN 200 AND 399),
    headers jsonb,
    -- Without the secrets that the first answer showed.
    body bytea,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key_hash)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at);
SELECT tillwatch_isolate('idempotency_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO tillwatch_app;
