ALTER TABLE alerts DROP COLUMN quiet_why, DROP COLUMN quiet_by, DROP COLUMN quiet_until, DROP COLUMN window_id;
ALTER TABLE queue_deliveries DROP COLUMN shows;
DROP TABLE notices;
DROP TABLE quiet_times;
