-- What 000020 added without reading the rows.
ALTER TABLE tenants VALIDATE CONSTRAINT tenants_second_factor;
