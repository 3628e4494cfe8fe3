-- renew.sql: extend leases. A row that does not come back belongs to somebody else now.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now)
UPDATE jobhive_job AS job
SET lease_until = (SELECT now FROM clock) + :lease::bigint
FROM unnest((SELECT :ids::text[]), (SELECT :claims::bigint[])) AS receipt (id, claim)
WHERE job.id = receipt.id AND job.claim = receipt.claim AND job.state = 'running'
RETURNING job.id;
