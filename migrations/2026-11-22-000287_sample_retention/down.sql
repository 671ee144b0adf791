REVOKE DELETE ON samples FROM tillwatch_app;
DROP TABLE sample_retention;
