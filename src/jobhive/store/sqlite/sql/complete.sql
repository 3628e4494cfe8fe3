-- complete.sql: record results, [[id, claim, result, ending], …]. A row that does not change belongs to somebody else now.
-- One statement for all: a statement per row would start the guarding trigger anew for each.
UPDATE job
SET state = 'complete', result = done.value ->> 2, ending = done.value ->> 3, finished_at = :now, lease_until = NULL
FROM json_each(:moves) AS done
WHERE job.id = done.value ->> 0 AND job.claim = done.value ->> 1 AND job.state = 'running';
