ALTER TABLE series ADD CONSTRAINT series_tenant_id_metric_channel_id_campaign_id_key
    UNIQUE (tenant_id, metric, channel_id, campaign_id);
