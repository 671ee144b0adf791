-- A retailer gives a chat server up in the transaction that forgets it: the app role sees and removes its own rows here, by
-- a policy as queue_deliveries has one. The narrow role, which asks whose a server is, sees all of them as before.
CREATE POLICY tenant ON directory_chat_servers FOR ALL TO tillwatch_app
    USING (for_tenant = current_setting('app.tenant_id')::uuid)
    WITH CHECK (for_tenant = current_setting('app.tenant_id')::uuid);
CREATE POLICY directory ON directory_chat_servers FOR ALL TO tillwatch_system USING (true) WITH CHECK (true);
ALTER TABLE directory_chat_servers ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory_chat_servers FORCE ROW LEVEL SECURITY;
GRANT SELECT, DELETE ON directory_chat_servers TO tillwatch_app;
