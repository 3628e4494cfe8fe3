-- absolve.sql: suspects that nobody runs alone become jobs like any other.
UPDATE jobhive_job SET suspect_until = NULL
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM jobhive_job
    WHERE suspect_until BETWEEN 0 AND (SELECT jobhive_now_ms(:offset)) - 1
    FOR UPDATE SKIP LOCKED
))
RETURNING queue;
