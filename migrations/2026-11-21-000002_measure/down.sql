DROP TABLE rollups, samples, series;
DROP FUNCTION tillwatch_sample_months(date, date);
