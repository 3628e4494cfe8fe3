-- claimable.sql: the pending jobs that come next, in order. Read inside the claiming transaction.
SELECT seq, id, claim, kind, queue, params, failures, max_retries, last_seq, owner, priority, key,
       created_at
FROM job
WHERE state = 'pending' AND queue = :queue AND kind IN (SELECT value FROM json_each(:kinds))
ORDER BY priority DESC, seq
LIMIT :limit;
