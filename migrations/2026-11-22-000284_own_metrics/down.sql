DROP TABLE own_metrics;
