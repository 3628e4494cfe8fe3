-- moved_under.sql: where jobs stand whose newest token is that of the receipt.
SELECT job.id, job.claim, job.state
FROM unnest((SELECT :ids::text[]), (SELECT :claims::bigint[])) AS receipt (id, claim)
JOIN jobhive_job AS job ON job.id = receipt.id AND job.claim = receipt.claim;
