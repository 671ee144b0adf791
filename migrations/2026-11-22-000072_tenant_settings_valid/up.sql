-- The constraints of the step before hold for the rows that were there, too.

ALTER TABLE tenants VALIDATE CONSTRAINT tenants_fiscal_week_start;
ALTER TABLE tenants VALIDATE CONSTRAINT tenants_quiet_hours;
ALTER TABLE tenants VALIDATE CONSTRAINT tenants_residency;
ALTER TABLE tenants VALIDATE CONSTRAINT tenants_plan;
ALTER TABLE tenants VALIDATE CONSTRAINT tenants_state;
ALTER TABLE tenants VALIDATE CONSTRAINT tenants_limits;
