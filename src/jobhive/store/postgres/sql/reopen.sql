-- reopen.sql: an operator gives a failed or cancelled job another life.
UPDATE jobhive_job
SET state = 'pending', failures = 0, crashes = 0, losses = 0, finished_at = NULL, cancel_requested_at = NULL,
    reason = NULL, last_seq = :last_seq
WHERE id = :id AND state IN ('failed', 'cancelled');
