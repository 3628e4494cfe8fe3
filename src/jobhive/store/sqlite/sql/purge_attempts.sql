-- purge_attempts.sql: delete a job's attempts.
DELETE FROM attempt WHERE job_id = :id;
