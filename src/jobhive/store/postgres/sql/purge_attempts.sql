-- purge_attempts.sql: delete jobs' attempts.
DELETE FROM jobhive_attempt WHERE job_id = ANY ((SELECT :ids::text[])::text[]);
