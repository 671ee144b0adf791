ALTER TABLE invitations DROP COLUMN custom_role_id, DROP COLUMN department_id, DROP COLUMN channels;
