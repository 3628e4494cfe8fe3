-- held_by.sql: all running jobs of a worker.
SELECT id, claim, queue, last_seq, claimed_at, worker, cancel_requested_at, on_crash, crashes, losses, lease_until
FROM job INDEXED BY job_running -- the planner would rather read all of history in the order asked
WHERE state = 'running' AND worker = :worker
ORDER BY seq;
