-- held_by.sql: all running jobs of a worker, locked. Said with BETWEEN, which the planner takes for rare also where it
-- has no statistics.
SELECT id, claim, queue, last_seq, claimed_at, worker, cancel_requested_at, on_crash, crashes, losses, lease_until
FROM jobhive_job
WHERE lease_until BETWEEN 0 AND 9223372036854775807 AND state = 'running' AND worker = :worker
ORDER BY id
FOR UPDATE;
