-- Rules of more kinds: when they judge, when they are quiet, what they say and do, and every version of them.

-- The list of kinds stands in the code alone, so that a new one needs no migration: what was taken is taken still.
-- squawk-ignore ban-drop-constraint
ALTER TABLE rules DROP CONSTRAINT rules_kind_check;
ALTER TABLE rules ADD CONSTRAINT rules_kind CHECK (kind ~ '^[a-z][a-z_]{0,31}$') NOT VALID;
-- Null is what a rule of its kind does without being told.
ALTER TABLE rules ADD COLUMN timing jsonb;
ALTER TABLE rules ADD COLUMN quiet_hours jsonb;
ALTER TABLE rules ADD COLUMN message text;
ALTER TABLE rules ADD COLUMN action text;
-- When it was last back-tested as it is.
ALTER TABLE rules ADD COLUMN backtested_at timestamptz;
-- When samples of its metric were first seen to come in live.
ALTER TABLE rules ADD COLUMN fed_at timestamptz;
ALTER TABLE rules ADD CONSTRAINT rules_message CHECK (length(message) BETWEEN 1 AND 500) NOT VALID;
ALTER TABLE rules ADD CONSTRAINT rules_action CHECK (action IN ('notify', 'pause_campaign')) NOT VALID;

CREATE TABLE rule_versions (
    tenant_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    via text NOT NULL,
    rule jsonb NOT NULL,
    PRIMARY KEY (tenant_id, rule_id, version),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES rules (tenant_id, rule_id)
);
SELECT tillwatch_isolate('rule_versions');
GRANT SELECT, INSERT ON rule_versions TO tillwatch_app;

-- The begin of the last judged hour or day; judged_through is its local day.
ALTER TABLE rule_progress ADD COLUMN judged_bucket timestamptz;

-- Version, timing and message of the rule as they were when it raised the alert; null in alerts from before.
ALTER TABLE alerts ADD COLUMN rule_then jsonb;
-- Since when nothing arrives for it.
ALTER TABLE alerts ADD COLUMN no_data_since timestamptz;
