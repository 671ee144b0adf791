DROP TABLE job_files, long_jobs;
