-- expired.sql: running jobs whose lease ran out, locked; those that somebody is writing to are passed over.
SELECT id, claim, queue, last_seq, claimed_at, worker, cancel_requested_at, on_crash, crashes, losses, lease_until
FROM jobhive_job
WHERE lease_until BETWEEN 0 AND :now::bigint - 1 AND state = 'running'
ORDER BY lease_until, seq
LIMIT :limit::bigint
FOR UPDATE SKIP LOCKED;
