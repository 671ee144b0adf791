-- How an alert is told: in a message of its own, in that of a storm, in that of the alert before it; and what is told
-- again while nobody has it in hand.

-- The notice of the storm that it is told in.
ALTER TABLE alerts ADD COLUMN group_id uuid;
-- How often the same breach was opened lately, and since when, where that is too often.
ALTER TABLE alerts ADD COLUMN flaps integer;
ALTER TABLE alerts ADD COLUMN flaps_since timestamptz;
-- Since when it is told, and how many times it was told again.
ALTER TABLE alerts ADD COLUMN spoke_at timestamptz;
ALTER TABLE alerts ADD COLUMN told_again integer NOT NULL DEFAULT 0;
