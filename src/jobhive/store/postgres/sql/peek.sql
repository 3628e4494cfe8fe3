-- peek.sql: the pending jobs of a queue that come next, untouched; suspects are not among them.
SELECT * FROM jobhive_job_record
WHERE id = ANY (ARRAY(
    SELECT id FROM jobhive_job
    WHERE state = 'pending' AND queue = :queue AND kind = ANY (:kinds::text[]) AND suspect_until IS NULL
    ORDER BY priority DESC, seq
    LIMIT :limit::bigint
))
ORDER BY priority DESC, seq;
