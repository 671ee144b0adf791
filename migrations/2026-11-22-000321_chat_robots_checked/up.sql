-- What 000320 added without reading the rows.
ALTER TABLE chat_servers VALIDATE CONSTRAINT chat_servers_minimum_severity;
ALTER TABLE chat_servers VALIDATE CONSTRAINT chat_servers_transport;
ALTER TABLE chat_servers VALIDATE CONSTRAINT chat_servers_robot;
ALTER TABLE queue_deliveries VALIDATE CONSTRAINT queue_deliveries_transport;
