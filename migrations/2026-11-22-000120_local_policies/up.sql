-- What the app role adds to the local tables is its own retailer's: until now any row could be added that names another.
-- One such row in directory_closings would have another retailer erased.
--
-- The app role sees nothing of these tables still. The narrow role sees all, as it did.

CREATE FUNCTION tillwatch_add_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY tenant ON %s FOR INSERT TO tillwatch_app '
        'WITH CHECK (for_tenant = current_setting(''app.tenant_id'')::uuid)', target);
    EXECUTE format('CREATE POLICY queue ON %s FOR ALL TO tillwatch_system USING (true) WITH CHECK (true)', target);
END $$;

SELECT tillwatch_add_only('directory_tenants');
SELECT tillwatch_add_only('directory_staff');
SELECT tillwatch_add_only('directory_credentials');
SELECT tillwatch_add_only('directory_links');
SELECT tillwatch_add_only('directory_closings');
SELECT tillwatch_add_only('queue_jobs');

-- FORCE binds the owner, too, and with it tillwatch_erase, which reads the closing that allows it and locks it.
CREATE POLICY erase_reads ON directory_closings FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY erase_locks ON directory_closings FOR UPDATE TO CURRENT_USER USING (true) WITH CHECK (false);
