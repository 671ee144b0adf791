-- The constraint of the step before holds for the rows that were there, too.
ALTER TABLE directory_staff VALIDATE CONSTRAINT directory_staff_login;
