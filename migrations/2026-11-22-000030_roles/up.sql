-- What staff and tokens may do: a retailer's own roles, departments, permissions narrowed to channels, and tokens whose
-- secret is changed while the old one still works.

CREATE TABLE roles (
    tenant_id uuid NOT NULL REFERENCES tenants,
    role_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    -- The name in lower case: what must differ.
    name_key text NOT NULL,
    -- An empty list allows nothing.
    permissions text[] NOT NULL,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, role_id)
);
CREATE UNIQUE INDEX roles_one_name ON roles (tenant_id, name_key) WHERE archived_at IS NULL;
SELECT tillwatch_isolate('roles');
GRANT SELECT, INSERT, UPDATE ON roles TO tillwatch_app;

CREATE TABLE departments (
    tenant_id uuid NOT NULL REFERENCES tenants,
    department_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    name_key text NOT NULL,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, department_id)
);
CREATE UNIQUE INDEX departments_one_name ON departments (tenant_id, name_key) WHERE archived_at IS NULL;
SELECT tillwatch_isolate('departments');
GRANT SELECT, INSERT, UPDATE ON departments TO tillwatch_app;

-- Where it is set, its permissions count, and `role` says 'viewer' and counts for nothing.
ALTER TABLE staff ADD COLUMN custom_role_id uuid;
ALTER TABLE staff ADD COLUMN department_id uuid;
-- Absent: every channel. An empty list: none.
ALTER TABLE staff ADD COLUMN channels uuid[];
-- Left NOT VALID: every row that is there has NULL here, and to look at them would need a tenant.
ALTER TABLE staff ADD CONSTRAINT staff_custom_role
    FOREIGN KEY (tenant_id, custom_role_id) REFERENCES roles (tenant_id, role_id) NOT VALID;
ALTER TABLE staff ADD CONSTRAINT staff_department
    FOREIGN KEY (tenant_id, department_id) REFERENCES departments (tenant_id, department_id) NOT VALID;

-- Absent: every channel. An empty list: none.
ALTER TABLE api_tokens ADD COLUMN channels uuid[];
ALTER TABLE api_tokens ADD COLUMN requests_per_minute integer;
-- SHA-256 of the secret. Absent in a token that was made before and never changed: its one credential counts.
ALTER TABLE api_tokens ADD COLUMN secret_hash bytea;
-- The secret before, and until when it works.
ALTER TABLE api_tokens ADD COLUMN previous_hash bytea;
ALTER TABLE api_tokens ADD COLUMN previous_starts_with text;
ALTER TABLE api_tokens ADD COLUMN previous_ends_at timestamptz;
