-- leave.sql: running jobs, locked before, go elsewhere than to complete. `void` is added to the claim of a job that was
-- taken away, so that its former owner's token stands for nothing.
UPDATE jobhive_job AS job
SET state = gone.state, claim = job.claim + gone.void, run_at = gone.run_at, finished_at = gone.finished_at,
    lease_until = NULL, failures = failures + gone.failed, crashes = crashes + gone.crashed,
    losses = losses + gone.lost, error = coalesce(gone.error, job.error), last_seq = last_seq + gone.told,
    suspect_until = gone.suspect_until,
    reason = CASE WHEN gone.state = 'cancelled'
                  THEN CASE WHEN cancel_requested_at IS NULL THEN gone.reason ELSE job.reason END END,
    cancel_requested_at = CASE WHEN gone.state = 'cancelled' THEN cancel_requested_at END
FROM unnest(
         (SELECT :ids::text[]), (SELECT :claims::bigint[]), (SELECT :voids::bigint[]), (SELECT :states::text[]),
         (SELECT :run_ats::bigint[]), (SELECT :finished_ats::bigint[]), (SELECT :failures::bigint[]),
         (SELECT :crashes::bigint[]), (SELECT :losses::bigint[]), (SELECT :errors::text[]),
         (SELECT :reasons::text[]), (SELECT :tolds::bigint[]),
         (SELECT :suspect_untils::bigint[])
     ) AS gone (id, claim, void, state, run_at, finished_at, failed, crashed, lost, error, reason, told, suspect_until)
WHERE job.id = gone.id AND job.claim = gone.claim AND job.state = 'running';
