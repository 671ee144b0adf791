-- Long jobs: work that outlasts a request, done in slices, with its progress and its files.

CREATE TABLE long_jobs (
    tenant_id uuid NOT NULL REFERENCES tenants,
    job_id uuid NOT NULL,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    state text NOT NULL CHECK (state IN ('uploading', 'waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    -- In the kind's own unit: bytes read, rows written.
    done bigint NOT NULL DEFAULT 0 CHECK (done >= 0),
    total bigint CHECK (total >= 0),
    -- Why it failed, for people.
    message text,
    params jsonb NOT NULL,
    -- Where the next slice goes on.
    checkpoint jsonb NOT NULL,
    counts jsonb NOT NULL,
    -- Slices done. A piece of deferred work names the slice that it is for, so none is done twice.
    slice bigint NOT NULL DEFAULT 0,
    -- Failures of the present slice.
    failures integer NOT NULL DEFAULT 0,
    cancel_asked_at timestamptz,
    actor_kind text NOT NULL,
    actor_id uuid,
    -- What whoever asked could reach then.
    authority jsonb NOT NULL,
    request_id text NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    files_removed_at timestamptz,
    PRIMARY KEY (tenant_id, job_id)
);
CREATE INDEX long_jobs_open ON long_jobs (tenant_id, job_id) WHERE finished_at IS NULL;
SELECT tillwatch_isolate('long_jobs');
GRANT SELECT, INSERT, UPDATE ON long_jobs TO tillwatch_app;

CREATE TABLE job_files (
    tenant_id uuid NOT NULL,
    job_id uuid NOT NULL,
    name text NOT NULL CHECK (name IN ('upload', 'result', 'errors', 'index')),
    part integer NOT NULL CHECK (part >= 0),
    bytes bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 262144),
    PRIMARY KEY (tenant_id, job_id, name, part),
    FOREIGN KEY (tenant_id, job_id) REFERENCES long_jobs (tenant_id, job_id)
);
SELECT tillwatch_isolate('job_files');
GRANT SELECT, INSERT, DELETE ON job_files TO tillwatch_app;
