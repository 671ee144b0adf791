-- The constraints of the step before hold for the rows that were there, too.

ALTER TABLE queue_deliveries VALIDATE CONSTRAINT queue_deliveries_shows;
ALTER TABLE alerts VALIDATE CONSTRAINT alerts_quiet_why;
