-- claim.sql: the pending jobs of these queues that come next become this worker's, each under a new token; of the first
-- queue first, and of each as many as there is room for. None where one of them is paused or limited, unless that was
-- looked at. What others are claiming at this moment is passed over, and suspects are left to claim_suspects.sql. The
-- rows are told as a Claim, field for field, then `seq`.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now)
UPDATE jobhive_job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | :salt::bigint, worker = :worker,
    claimed_at = (SELECT now FROM clock), started_at = coalesce(started_at, (SELECT now FROM clock)),
    lease_until = (SELECT now FROM clock) + :lease::bigint, last_seq = greatest(last_seq, 1), progress = NULL,
    facts = CASE WHEN claim >> 32 = 0 THEN coalesce(:facts::json ->> kind, facts) ELSE facts END
WHERE ctid = ANY (ARRAY(
    SELECT next.ctid
    FROM unnest(:queues::text[], :rooms::bigint[]) AS asked (queue, room), LATERAL (
        SELECT ctid
        FROM jobhive_job
        WHERE state = 'pending' AND queue = asked.queue AND kind = ANY (:kinds::text[]) AND suspect_until IS NULL
        ORDER BY priority DESC, seq
        LIMIT asked.room
        FOR UPDATE SKIP LOCKED
    ) AS next
    WHERE :is_checked::boolean
       OR NOT EXISTS (
           SELECT FROM jobhive_queue WHERE name = ANY (:queues::text[]) AND (is_paused OR running_limit IS NOT NULL)
       )
    LIMIT :limit::bigint
))
RETURNING id, claim, kind, params, failures, max_retries, last_seq, owner, priority, key, created_at, queue, claimed_at,
          worker, seq;
