-- What was checked stays; 000320 takes the constraints away.
SELECT 1;
