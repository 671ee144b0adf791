ALTER TABLE sessions DROP COLUMN password_at;
ALTER TABLE staff DROP COLUMN password_settled;
