-- Which channels moved an alert's figure, and by how much, when it was last judged.
ALTER TABLE alerts ADD COLUMN contribution jsonb;
