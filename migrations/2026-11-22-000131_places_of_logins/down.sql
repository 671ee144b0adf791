ALTER TABLE directory_staff DROP CONSTRAINT directory_staff_login;
