REVOKE SELECT, DELETE ON directory_chat_servers FROM tillwatch_app;
ALTER TABLE directory_chat_servers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE directory_chat_servers DISABLE ROW LEVEL SECURITY;
DROP POLICY directory ON directory_chat_servers;
DROP POLICY tenant ON directory_chat_servers;
