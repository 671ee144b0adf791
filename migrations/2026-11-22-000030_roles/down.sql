ALTER TABLE api_tokens
    DROP COLUMN channels,
    DROP COLUMN requests_per_minute,
    DROP COLUMN secret_hash,
    DROP COLUMN previous_hash,
    DROP COLUMN previous_starts_with,
    DROP COLUMN previous_ends_at;
ALTER TABLE staff DROP COLUMN custom_role_id, DROP COLUMN department_id, DROP COLUMN channels;
DROP TABLE departments;
DROP TABLE roles;
