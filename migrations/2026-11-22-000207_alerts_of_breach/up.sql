-- How often the same breach was opened.
-- A build that broke off leaves an index that is not valid: it must be dropped, and IF NOT EXISTS would take it for done.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY alerts_of_breach ON alerts (tenant_id, breach_key, alert_id);
