-- peek.sql: the pending jobs of a queue that come next, untouched.
SELECT * FROM job_record
WHERE state = 'pending' AND queue = :queue AND kind IN (SELECT value FROM json_each(:kinds))
ORDER BY priority DESC, seq
LIMIT :limit;
