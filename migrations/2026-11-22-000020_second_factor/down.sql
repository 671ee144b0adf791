ALTER TABLE sessions DROP COLUMN network;
ALTER TABLE sessions DROP COLUMN client;
ALTER TABLE tenants DROP COLUMN second_factor;
DROP TABLE directory_recovery_codes;
DROP TABLE directory_second_factors;
