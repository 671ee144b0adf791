ALTER TABLE alerts
    DROP COLUMN group_id, DROP COLUMN flaps, DROP COLUMN flaps_since, DROP COLUMN spoke_at, DROP COLUMN told_again;
