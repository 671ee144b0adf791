ALTER TABLE alert_events DROP COLUMN reason;
ALTER TABLE queue_deliveries DROP COLUMN told_version;
