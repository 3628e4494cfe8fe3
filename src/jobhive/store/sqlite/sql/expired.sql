-- expired.sql: running jobs whose lease ran out.
SELECT id, claim, queue, last_seq, claimed_at, worker, cancel_requested_at, on_crash, crashes, losses, lease_until
FROM job INDEXED BY job_running -- the planner would rather read all of history in the order asked
WHERE state = 'running' AND lease_until < :now
ORDER BY seq
LIMIT :limit;
