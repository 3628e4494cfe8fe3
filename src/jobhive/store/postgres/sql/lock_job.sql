-- lock_job.sql: one job, which nobody else moves until the transaction ends.
SELECT id, kind, queue, state, params, priority, owner, key, claim, failures, crashes, losses, max_retries, on_crash,
       created_at, run_at, started_at, claimed_at, finished_at, lease_until, cancel_requested_at, worker, facts,
       last_seq, progress, result, ending, error, reason
FROM jobhive_job WHERE id = :id
FOR UPDATE;
