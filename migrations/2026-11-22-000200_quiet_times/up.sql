-- When alerts are kept quiet (silences, maintenance windows), why one is quiet now, and messages of their own in chat.

-- A silence or an announced maintenance window.
CREATE TABLE quiet_times (
    tenant_id uuid NOT NULL REFERENCES tenants,
    quiet_time_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('silence', 'maintenance')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    -- What it covers; absent is whatever it is.
    rule_id uuid,
    channel_id uuid,
    campaign_id uuid,
    -- The loudest alert that it covers.
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    starts_at timestamptz NOT NULL,
    -- When it ends or ended: a person who ends it early moves it.
    ends_at timestamptz NOT NULL,
    owner_kind text NOT NULL,
    owner_id uuid,
    ended_early_by uuid,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, quiet_time_id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES rules (tenant_id, rule_id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, channel_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id)
);
CREATE INDEX quiet_times_by_end ON quiet_times (tenant_id, ends_at);
SELECT tillwatch_isolate('quiet_times');
GRANT SELECT, INSERT, UPDATE ON quiet_times TO tillwatch_app;

-- A message in chat that is no alert's own: a silence that is about to end, a maintenance window, an escalation.
CREATE TABLE notices (
    tenant_id uuid NOT NULL REFERENCES tenants,
    notice_id uuid NOT NULL,
    kind text NOT NULL,
    -- The alert, silence or window that it is about; of a group of alerts, its own id.
    about uuid NOT NULL,
    -- Which one about that, so that none is made twice.
    step integer NOT NULL,
    at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, notice_id),
    UNIQUE (tenant_id, kind, about, step)
);
SELECT tillwatch_isolate('notices');
GRANT SELECT, INSERT, UPDATE ON notices TO tillwatch_app;

-- What a delivery shows: an alert, or a notice, whose id `alert_id` holds then.
ALTER TABLE queue_deliveries ADD COLUMN shows text NOT NULL DEFAULT 'alert';
ALTER TABLE queue_deliveries ADD CONSTRAINT queue_deliveries_shows CHECK (shows IN ('alert', 'notice')) NOT VALID;

-- Why nobody is told of an alert that is judged on.
ALTER TABLE alerts ADD COLUMN quiet_why text;
-- The silence, the window or the alert that keeps it quiet.
ALTER TABLE alerts ADD COLUMN quiet_by uuid;
ALTER TABLE alerts ADD COLUMN quiet_until timestamptz;
-- The last maintenance window that kept it quiet, for what is told when that ends.
ALTER TABLE alerts ADD COLUMN window_id uuid;
ALTER TABLE alerts ADD CONSTRAINT alerts_quiet_why
    CHECK (quiet_why IN ('silence', 'maintenance', 'inhibition', 'quiet_hours')) NOT VALID;
