-- What a maintenance window kept quiet.
-- A build that broke off leaves an index that is not valid: it must be dropped, and IF NOT EXISTS would take it for done.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY alerts_of_window ON alerts (tenant_id, window_id) WHERE window_id IS NOT NULL;
