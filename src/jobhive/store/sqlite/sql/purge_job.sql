-- purge_job.sql: delete a job; only final ones are asked for.
DELETE FROM job WHERE id = :id AND state IN ('complete', 'failed', 'cancelled');
