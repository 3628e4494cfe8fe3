-- complete.sql: record results. A row that does not change belongs to somebody else now. Told: how many changed, and the
-- queues in which a finished job makes room for another. The arrays stand in sub-selects, here and elsewhere, because
-- their length would tempt the planner to read the whole table for a large batch.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now),
changed AS (
    UPDATE jobhive_job AS job
    SET state = 'complete', result = done.result, ending = done.ending, finished_at = (SELECT now FROM clock),
        lease_until = NULL
    FROM unnest((SELECT :ids::text[]), (SELECT :claims::bigint[]), (SELECT :results::text[]), (SELECT :endings::text[]))
         AS done (id, claim, result, ending)
    WHERE job.id = done.id AND job.claim = done.claim AND job.state = 'running'
    RETURNING 1
)
SELECT (SELECT count(*) FROM changed), ARRAY(SELECT name FROM jobhive_queue WHERE running_limit IS NOT NULL);
