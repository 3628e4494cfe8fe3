-- tend_suspects.sql: somebody runs a queue's suspects alone: those that wait for it stay suspects.
UPDATE jobhive_job SET suspect_until = jobhive_now_ms(:offset) + :lease::bigint
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM jobhive_job
    WHERE suspect_until BETWEEN 0 AND 9223372036854775807 AND queue = :queue
    FOR UPDATE SKIP LOCKED
));
