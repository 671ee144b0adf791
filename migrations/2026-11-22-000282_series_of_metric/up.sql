-- What makes a series now; the narrower constraint goes in the next step.
-- A build that broke off leaves an index that is not valid: it must be dropped, and IF NOT EXISTS would take it for done.
-- squawk-ignore prefer-robust-stmts
CREATE UNIQUE INDEX CONCURRENTLY series_of_metric
    ON series (tenant_id, metric, channel_id, campaign_id, subject_id, period);
