-- claimable_one.sql: one job, if it is pending and no suspect, as claimable.sql tells it, then its queue. Read inside the claiming
-- transaction.
SELECT id, ((claim >> 32) + 1) << 32 | :salt, kind, params, failures, max_retries, max(last_seq, 1), owner, priority,
       key, created_at, seq, queue
FROM job
WHERE id = :id AND state = 'pending' AND suspect_until IS NULL;
