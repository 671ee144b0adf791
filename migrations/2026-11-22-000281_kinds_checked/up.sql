-- The constraint of the step before holds for the rows that were there, too.
ALTER TABLE rollups VALIDATE CONSTRAINT rollups_resolution;
