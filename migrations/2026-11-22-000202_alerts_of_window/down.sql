DROP INDEX CONCURRENTLY alerts_of_window;
