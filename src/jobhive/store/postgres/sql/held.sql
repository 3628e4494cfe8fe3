-- held.sql: the running jobs that receipts stand for, locked in the order of their ids.
SELECT job.id, job.claim, queue, last_seq, claimed_at, worker, cancel_requested_at, on_crash, crashes, losses,
       lease_until
FROM unnest((SELECT :ids::text[]), (SELECT :claims::bigint[])) AS receipt (id, claim)
JOIN jobhive_job AS job ON job.id = receipt.id AND job.claim = receipt.claim
WHERE job.state = 'running'
ORDER BY job.id
FOR UPDATE OF job;
