-- Up to which version of its alert the thread of a message tells what happened; 0 while it tells nothing.
ALTER TABLE queue_deliveries ADD COLUMN told_version bigint NOT NULL DEFAULT 0;
-- Why somebody did a step of an alert's life, where they gave a reason.
ALTER TABLE alert_events ADD COLUMN reason text;
