-- peek.sql: the pending jobs of a queue that come next, untouched.
SELECT * FROM jobhive_job_record
WHERE state = 'pending' AND queue = :queue AND kind = ANY (:kinds::text[])
ORDER BY priority DESC, seq
LIMIT :limit::bigint;
