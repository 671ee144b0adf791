-- Series of one metric, channel and campaign differ by subject and period, too.
-- The release before never writes two of one metric, channel and campaign: its ids follow from these.
-- squawk-ignore ban-drop-constraint
ALTER TABLE series DROP CONSTRAINT series_tenant_id_metric_channel_id_campaign_id_key;
