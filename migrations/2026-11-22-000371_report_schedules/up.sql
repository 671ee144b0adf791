-- When and where a retailer's reports appear in chat, where that is not as usual.
CREATE TABLE report_schedules (
    tenant_id uuid NOT NULL REFERENCES tenants,
    kind text NOT NULL CHECK (kind IN ('daily', 'weekly')),
    enabled boolean NOT NULL,
    -- The minute of the local day.
    minute integer NOT NULL CHECK (minute BETWEEN 0 AND 1439),
    -- No foreign key: where it is unlinked, the report goes where it goes as usual.
    chat_server_id uuid,
    -- Since when it is so: nothing is told for a time before.
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);
SELECT tillwatch_isolate('report_schedules');
GRANT SELECT, INSERT, UPDATE ON report_schedules TO tillwatch_app;
