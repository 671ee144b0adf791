ALTER TABLE queue_deliveries DROP CONSTRAINT queue_deliveries_transport;
ALTER TABLE queue_deliveries ADD CONSTRAINT queue_deliveries_transport_check
    CHECK (transport IN ('discord', 'console')) NOT VALID;
ALTER TABLE chat_servers DROP CONSTRAINT chat_servers_robot;
ALTER TABLE chat_servers DROP CONSTRAINT chat_servers_transport;
ALTER TABLE chat_servers ADD CONSTRAINT chat_servers_transport_check
    CHECK (transport IN ('discord', 'console')) NOT VALID;
ALTER TABLE chat_servers DROP COLUMN robot, DROP COLUMN minimum_severity;
