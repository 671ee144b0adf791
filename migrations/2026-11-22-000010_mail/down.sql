ALTER TABLE staff DROP CONSTRAINT staff_locale;
ALTER TABLE staff DROP COLUMN password_changed_at;
ALTER TABLE staff DROP COLUMN locale;
ALTER TABLE staff DROP COLUMN version;
ALTER TABLE directory_logins DROP COLUMN password_changed_at;
DROP TABLE directory_links;
DROP TABLE invitations;
DROP TABLE mails;
