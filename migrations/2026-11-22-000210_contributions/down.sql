ALTER TABLE alerts DROP COLUMN contribution;
