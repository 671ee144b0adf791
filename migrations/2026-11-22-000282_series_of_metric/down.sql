DROP INDEX CONCURRENTLY series_of_metric;
