ALTER TABLE alerts DROP COLUMN rule_then, DROP COLUMN no_data_since;
REVOKE DELETE ON rule_progress FROM tillwatch_app;
ALTER TABLE rule_progress DROP COLUMN judged_bucket;
DROP TABLE rule_versions;
ALTER TABLE rules
    DROP CONSTRAINT rules_kind,
    DROP COLUMN timing,
    DROP COLUMN quiet_hours,
    DROP COLUMN message,
    DROP COLUMN action,
    DROP COLUMN backtested_at,
    DROP COLUMN fed_at;
ALTER TABLE rules ADD CONSTRAINT rules_kind_check CHECK (kind IN ('threshold', 'stop_loss', 'deviation'));
