ALTER TABLE campaigns DROP COLUMN resume_reason;
ALTER TABLE campaigns DROP COLUMN resume_asked_at;
ALTER TABLE campaigns DROP COLUMN resume_asked_by;
ALTER TABLE tenants DROP COLUMN resume_needs_two;
