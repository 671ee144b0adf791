-- What is told in the message of a storm.
-- A build that broke off leaves an index that is not valid: it must be dropped, and IF NOT EXISTS would take it for done.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY alerts_of_group ON alerts (tenant_id, group_id) WHERE group_id IS NOT NULL;
