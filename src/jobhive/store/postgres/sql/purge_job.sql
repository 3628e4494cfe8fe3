-- purge_job.sql: delete jobs; only final ones are asked for.
DELETE FROM jobhive_job WHERE id = ANY ((SELECT :ids::text[])::text[]) AND state IN ('complete', 'failed', 'cancelled');
