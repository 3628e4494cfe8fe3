-- claim_suspects.sql: the same of the pending jobs that are to be run alone; those are no suspects any more.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now)
UPDATE jobhive_job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | :salt::bigint, worker = :worker,
    claimed_at = (SELECT now FROM clock), started_at = coalesce(started_at, (SELECT now FROM clock)),
    lease_until = (SELECT now FROM clock) + :lease::bigint, last_seq = greatest(last_seq, 1), progress = NULL,
    suspect_until = NULL
WHERE ctid = ANY (ARRAY(
    SELECT next.ctid
    FROM unnest(:queues::text[], :rooms::bigint[]) AS asked (queue, room), LATERAL (
        SELECT ctid
        FROM jobhive_job
        WHERE suspect_until BETWEEN 0 AND 9223372036854775807 AND state = 'pending' AND queue = asked.queue
          AND kind = ANY (:kinds::text[])
        ORDER BY priority DESC, seq
        LIMIT asked.room
        FOR UPDATE SKIP LOCKED
    ) AS next
    LIMIT :limit::bigint
))
RETURNING id, claim, kind, params, failures, max_retries, last_seq, owner, priority, key, created_at, queue, claimed_at,
          worker, seq;
