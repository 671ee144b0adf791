-- The constraint that the step before added without looking at the rows.
ALTER TABLE staff VALIDATE CONSTRAINT staff_locale;
