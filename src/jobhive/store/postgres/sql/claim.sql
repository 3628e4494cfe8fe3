-- claim.sql: the pending jobs of a queue that come next become this worker's, each under a new token; none of a queue
-- that is paused or limited, unless that was looked at. What others are claiming at this moment is passed over, and
-- suspects are left to claim_suspects.sql. The rows are told as a Claim, field for field, then `seq`.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now)
UPDATE jobhive_job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | :salt::bigint, worker = :worker,
    claimed_at = (SELECT now FROM clock), started_at = coalesce(started_at, (SELECT now FROM clock)),
    lease_until = (SELECT now FROM clock) + :lease::bigint, last_seq = greatest(last_seq, 1), progress = NULL,
    facts = CASE WHEN claim >> 32 = 0 THEN coalesce(:facts::json ->> kind, facts) ELSE facts END
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM jobhive_job
    WHERE state = 'pending' AND queue = :queue AND kind = ANY (:kinds::text[]) AND suspect_until IS NULL
      AND (:is_checked::boolean
           OR NOT EXISTS (SELECT FROM jobhive_queue WHERE name = :queue AND (is_paused OR running_limit IS NOT NULL)))
    ORDER BY priority DESC, seq
    LIMIT :limit::bigint
    FOR UPDATE SKIP LOCKED
))
RETURNING id, claim, kind, params, failures, max_retries, last_seq, owner, priority, key, created_at, queue, claimed_at,
          worker, seq;
