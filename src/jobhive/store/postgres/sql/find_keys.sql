-- find_keys.sql: whose idempotency keys these are.
SELECT job.owner, job.key, job.id, job.kind, job.params
FROM unnest((SELECT :owners::text[]), (SELECT :keys::text[])) AS asked (owner, key)
JOIN jobhive_job AS job ON job.owner = asked.owner AND job.key = asked.key;
