-- leave.sql: a running job goes elsewhere than to complete. `void` is added to the claim of a job that was taken away,
-- so that its former owner's token stands for nothing.
UPDATE job
SET state = :state, claim = claim + :void, run_at = :run_at, finished_at = :finished_at, lease_until = NULL,
    failures = failures + :failures, crashes = crashes + :crashes, losses = losses + :losses,
    error = coalesce(:error, error), last_seq = last_seq + :told, suspect_until = :suspect_until,
    reason = CASE WHEN :state = 'cancelled' THEN iif(cancel_requested_at IS NULL, :reason, reason) END,
    cancel_requested_at = CASE WHEN :state = 'cancelled' THEN cancel_requested_at END
WHERE id = :id AND claim = :claim AND state = 'running';
