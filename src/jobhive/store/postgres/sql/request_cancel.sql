-- request_cancel.sql: a running job is asked; its owner answers once the handler has stopped.
UPDATE jobhive_job
SET cancel_requested_at = coalesce(cancel_requested_at, :now), reason = coalesce(reason, :reason)
WHERE id = :id AND state = 'running';
