DROP TABLE campaign_totals, campaign_events, campaign_channels, campaigns, channels;
