DROP TABLE goal_proposals;
DROP TABLE goal_versions;
DROP TABLE goal_periods;
DROP TABLE goals;
