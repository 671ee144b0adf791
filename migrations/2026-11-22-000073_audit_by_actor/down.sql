DROP INDEX CONCURRENTLY audit_entries_of_actor;
