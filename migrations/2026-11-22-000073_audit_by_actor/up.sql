-- What somebody did.
-- A build that broke off leaves an index that is not valid: it must be dropped, and IF NOT EXISTS would take it for done.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY audit_entries_of_actor ON audit_entries (tenant_id, actor_id, audit_id);
