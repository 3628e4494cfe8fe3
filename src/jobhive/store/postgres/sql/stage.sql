-- stage.sql: due jobs become pending; those that somebody else is moving are passed over.
UPDATE jobhive_job SET state = 'pending', run_at = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM jobhive_job WHERE state = 'scheduled' AND run_at <= (SELECT jobhive_now_ms(:offset))
    ORDER BY run_at
    LIMIT :limit::bigint
    FOR UPDATE SKIP LOCKED
))
RETURNING id, queue;
