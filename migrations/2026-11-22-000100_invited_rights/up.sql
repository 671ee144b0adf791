-- What an invited person will hold beside the built-in role, as `staff` keeps it.
ALTER TABLE invitations ADD COLUMN custom_role_id uuid;
ALTER TABLE invitations ADD COLUMN department_id uuid;
-- Absent: every channel. An empty list: none.
ALTER TABLE invitations ADD COLUMN channels uuid[];
-- Left NOT VALID: every row that is there has NULL here, and to look at them would need a tenant.
ALTER TABLE invitations ADD CONSTRAINT invitations_custom_role
    FOREIGN KEY (tenant_id, custom_role_id) REFERENCES roles (tenant_id, role_id) NOT VALID;
ALTER TABLE invitations ADD CONSTRAINT invitations_department
    FOREIGN KEY (tenant_id, department_id) REFERENCES departments (tenant_id, department_id) NOT VALID;
