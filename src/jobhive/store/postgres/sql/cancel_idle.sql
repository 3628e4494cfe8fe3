-- cancel_idle.sql: a job that does not run is cancelled at once.
UPDATE jobhive_job SET state = 'cancelled', finished_at = :now, run_at = NULL, reason = :reason, suspect_until = NULL
WHERE id = :id AND state IN ('waiting', 'scheduled', 'pending');
