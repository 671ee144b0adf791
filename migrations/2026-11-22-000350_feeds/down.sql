DROP TABLE queue_fetches;
DROP TABLE feed_runs;
DROP TABLE feeds;
