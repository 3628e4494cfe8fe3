-- peek.sql: the pending jobs that come next, untouched.
SELECT * FROM job_record
WHERE state = 'pending' AND queue = :queue AND kind IN (SELECT value FROM json_each(:kinds))
  AND NOT EXISTS (SELECT 1 FROM queue WHERE name = :queue AND is_paused = 1)
ORDER BY priority DESC, seq
LIMIT :limit;
