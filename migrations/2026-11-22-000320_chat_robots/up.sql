-- Chats that are written to by a robot's address, and from which severity on alerts go to a chat.

-- A robot is a chat server in which nobody can answer: its id there is ours, its chat channel is its name.
ALTER TABLE chat_servers ADD COLUMN minimum_severity text NOT NULL DEFAULT 'info';
ALTER TABLE chat_servers ADD CONSTRAINT chat_servers_minimum_severity
    CHECK (minimum_severity IN ('info', 'warning', 'critical')) NOT VALID;
-- A robot's address and secret, sealed: see backend/src/platform/sealed.rs.
ALTER TABLE chat_servers ADD COLUMN robot bytea;
-- A wider one takes its place in the same transaction.
-- squawk-ignore ban-drop-constraint
ALTER TABLE chat_servers DROP CONSTRAINT chat_servers_transport_check;
ALTER TABLE chat_servers ADD CONSTRAINT chat_servers_transport
    CHECK (transport IN ('discord', 'console', 'slack', 'feishu', 'dingtalk', 'wecom')) NOT VALID;
ALTER TABLE chat_servers ADD CONSTRAINT chat_servers_robot
    CHECK ((robot IS NULL) = (transport IN ('discord', 'console'))) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE queue_deliveries DROP CONSTRAINT queue_deliveries_transport_check;
ALTER TABLE queue_deliveries ADD CONSTRAINT queue_deliveries_transport
    CHECK (transport IN ('discord', 'console', 'slack', 'feishu', 'dingtalk', 'wecom')) NOT VALID;
