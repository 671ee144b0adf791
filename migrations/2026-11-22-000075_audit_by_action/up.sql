-- Every time that something was done.
-- A build that broke off leaves an index that is not valid: it must be dropped, and IF NOT EXISTS would take it for done.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY audit_entries_of_action ON audit_entries (tenant_id, action, audit_id);
