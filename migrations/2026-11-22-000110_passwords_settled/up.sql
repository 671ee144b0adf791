-- Which password a session was opened by, and which one is settled at a retailer. A password is known by the time since
-- when it is the login's; no two of a login's have the same.

-- The newest password whose sessions of before were ended here. (`password_changed_at` says when that was done; the
-- release before asks for it.)
ALTER TABLE staff ADD COLUMN password_settled timestamptz;
-- The password that opened a session, or was proven in it last; absent in sessions of the release before.
ALTER TABLE sessions ADD COLUMN password_at timestamptz;
