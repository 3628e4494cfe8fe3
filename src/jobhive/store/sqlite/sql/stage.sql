-- stage.sql: due jobs become pending.
UPDATE job SET state = 'pending', run_at = NULL
WHERE seq IN (SELECT seq FROM job WHERE state = 'scheduled' AND run_at <= :now ORDER BY run_at LIMIT :limit)
RETURNING id, queue;
