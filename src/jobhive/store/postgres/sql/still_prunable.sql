-- still_prunable.sql: which of the jobs just found are still final and old, locked: an operator may have retried one. Who
-- is writing to one keeps it for now.
SELECT id FROM jobhive_job
WHERE id = ANY ((SELECT :ids::text[])::text[]) AND finished_at < :before::bigint
  AND state IN ('complete', 'failed', 'cancelled')
ORDER BY id
FOR UPDATE SKIP LOCKED;
