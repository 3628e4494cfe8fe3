-- cancel_requests.sql: which of these running jobs somebody asked to cancel.
SELECT job.id
FROM unnest((SELECT :ids::text[]), (SELECT :claims::bigint[])) AS receipt (id, claim)
JOIN jobhive_job AS job ON job.id = receipt.id AND job.claim = receipt.claim
WHERE job.state = 'running' AND job.cancel_requested_at IS NOT NULL;
