-- claim.sql: the pending jobs of an unlimited queue that come next become this worker's, each under a new token.
-- What others are claiming at this moment is passed over. The rows are told as a Claim, field for field, then `seq`.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now)
UPDATE jobhive_job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | :salt::bigint, worker = :worker,
    claimed_at = (SELECT now FROM clock), started_at = coalesce(started_at, (SELECT now FROM clock)),
    lease_until = (SELECT now FROM clock) + :lease::bigint, last_seq = greatest(last_seq, 1), progress = NULL,
    facts = CASE WHEN claim >> 32 = 0 THEN coalesce(:facts::json ->> kind, facts) ELSE facts END
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM jobhive_job
    WHERE state = 'pending' AND queue = :queue AND kind = ANY (:kinds::text[])
    ORDER BY priority DESC, seq
    LIMIT :limit::bigint
    FOR UPDATE SKIP LOCKED
))
RETURNING id, claim, kind, params, failures, max_retries, last_seq, owner, priority, key, created_at, queue, claimed_at,
          worker, seq;
