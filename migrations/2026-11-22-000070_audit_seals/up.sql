-- The audit log's seals: each covers some entries and the seal before, and is signed with a key that the database
-- does not hold. Rows are added and read, never changed.

CREATE TABLE audit_seals (
    tenant_id uuid NOT NULL REFERENCES tenants,
    number bigint NOT NULL CHECK (number >= 1),
    -- Which canonical form the hashes are of.
    form integer NOT NULL CHECK (form >= 1),
    -- The entries, sorted, and SHA-256 of each in the same order, 32 bytes each, so that a verifier can name the bad one.
    entries uuid[] NOT NULL CHECK (cardinality(entries) BETWEEN 1 AND 1000),
    hashes bytea NOT NULL,
    -- The highest entry that this seal or one before it covers.
    through uuid NOT NULL,
    previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    signature bytea NOT NULL CHECK (length(signature) = 64),
    key_id text NOT NULL CHECK (length(key_id) BETWEEN 1 AND 64),
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number),
    CHECK (length(hashes) = 32 * cardinality(entries))
);
-- Which seals may hold an entry that was committed late.
CREATE INDEX audit_seals_through ON audit_seals (tenant_id, through);
SELECT tillwatch_isolate('audit_seals');
GRANT SELECT, INSERT ON audit_seals TO tillwatch_app;
