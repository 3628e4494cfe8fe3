-- tend_suspects.sql: somebody runs the suspects of these queues alone: those that wait for it stay suspects. Told are the
-- queues that have any.
UPDATE jobhive_job SET suspect_until = jobhive_now_ms(:offset) + :lease::bigint
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM jobhive_job
    WHERE suspect_until BETWEEN 0 AND 9223372036854775807 AND queue = ANY (:queues::text[])
    FOR UPDATE SKIP LOCKED
))
RETURNING queue;
