-- purge_job.sql: delete a job; only final ones are asked for.
DELETE FROM jobhive_job WHERE id = :id AND state IN ('complete', 'failed', 'cancelled');
