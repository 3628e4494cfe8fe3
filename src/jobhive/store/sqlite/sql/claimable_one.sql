-- claimable_one.sql: one job, if it is pending. Read inside the claiming transaction.
SELECT seq, id, claim, kind, queue, params, failures, max_retries, last_seq, owner, priority, key,
       created_at
FROM job
WHERE id = :id AND state = 'pending';
