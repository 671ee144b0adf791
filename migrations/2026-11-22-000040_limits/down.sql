ALTER TABLE queue_deliveries DROP COLUMN request_id;
