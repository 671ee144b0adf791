-- A constraint that was validated stays so; the step before drops it.
SELECT 1;
