-- peek.sql: the pending jobs of a queue that come next, untouched; suspects are not among them.
SELECT * FROM job_record
WHERE seq IN (
    SELECT seq FROM job
    WHERE state = 'pending' AND queue = :queue AND kind IN (SELECT value FROM json_each(:kinds))
      AND suspect_until IS NULL
    ORDER BY priority DESC, seq
    LIMIT :limit
)
ORDER BY priority DESC, seq;
