-- No place without its login: a retailer's erasure takes the logins of those who have no other place, and somebody may
-- join another retailer at that moment.
ALTER TABLE directory_staff ADD CONSTRAINT directory_staff_login
    FOREIGN KEY (login_id) REFERENCES directory_logins NOT VALID;
