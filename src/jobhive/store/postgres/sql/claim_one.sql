-- claim_one.sql: just this job, if it is still pending and no suspect; told as claim.sql does.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now)
UPDATE jobhive_job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | :salt::bigint, worker = :worker,
    claimed_at = (SELECT now FROM clock), started_at = coalesce(started_at, (SELECT now FROM clock)),
    lease_until = (SELECT now FROM clock) + :lease::bigint, last_seq = greatest(last_seq, 1), progress = NULL,
    facts = CASE WHEN claim >> 32 = 0 THEN coalesce(:facts::json ->> kind, facts) ELSE facts END
WHERE id = :id AND state = 'pending' AND suspect_until IS NULL
RETURNING id, claim, kind, params, failures, max_retries, last_seq, owner, priority, key, created_at, queue, claimed_at,
          worker, seq;
