DROP POLICY erase_locks ON directory_closings;
DROP POLICY erase_reads ON directory_closings;
DO $$
DECLARE
    place regclass;
BEGIN
    FOREACH place IN ARRAY ARRAY['directory_tenants', 'directory_staff', 'directory_credentials', 'directory_links',
        'directory_closings', 'queue_jobs']::regclass[]
    LOOP
        EXECUTE format('DROP POLICY tenant ON %s', place);
        EXECUTE format('DROP POLICY queue ON %s', place);
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', place);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', place);
    END LOOP;
END $$;
DROP FUNCTION tillwatch_add_only(regclass);
