-- held_by.sql: all running jobs of a worker, locked.
SELECT id, claim, queue, last_seq, claimed_at, worker, cancel_requested_at, on_crash, crashes, losses, lease_until
FROM jobhive_job
WHERE lease_until IS NOT NULL AND state = 'running' AND worker = :worker
ORDER BY id
FOR UPDATE;
