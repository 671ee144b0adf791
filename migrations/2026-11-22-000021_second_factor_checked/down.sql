-- A validated constraint goes with its column, in the step before.
SELECT 1;
