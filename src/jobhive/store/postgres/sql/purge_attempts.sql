-- purge_attempts.sql: delete a job's attempts.
DELETE FROM jobhive_attempt WHERE job_id = :id;
