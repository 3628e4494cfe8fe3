-- claimable_one.sql: one job, if it is pending and its queue is not paused.
SELECT seq, id, claim, kind, queue, params, failures, max_retries, last_seq, owner, priority, key,
       created_at
FROM job
WHERE id = :id AND state = 'pending'
  AND NOT EXISTS (SELECT 1 FROM queue WHERE name = job.queue AND is_paused = 1);
