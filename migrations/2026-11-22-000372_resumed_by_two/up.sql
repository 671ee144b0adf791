-- After a stop-loss two people resume, where the retailer asks for it.
ALTER TABLE tenants ADD COLUMN resume_needs_two boolean NOT NULL DEFAULT false;
-- Who has asked that a campaign be resumed, when and why, until a second one does it or the state changes otherwise.
ALTER TABLE campaigns ADD COLUMN resume_asked_by uuid;
ALTER TABLE campaigns ADD COLUMN resume_asked_at timestamptz;
ALTER TABLE campaigns ADD COLUMN resume_reason text;
