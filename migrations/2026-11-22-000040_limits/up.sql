-- The request behind what a delivery shall show, so that a message in the chat is traced to what caused it.
ALTER TABLE queue_deliveries ADD COLUMN request_id text;
