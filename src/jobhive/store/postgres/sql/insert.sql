-- insert.sql: store new jobs in the order given, unless their queue has a depth limit and `is_checked` is false. A
-- repeated id is a repeated call, a repeated key another's job: such a row stays as it is and is not told.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now)
INSERT INTO jobhive_job (id, kind, queue, params, priority, owner, key, max_retries, on_crash, created_at, state, run_at)
SELECT id, kind, queue, params, priority, owner, key, max_retries, on_crash, clock.now,
       CASE WHEN due > clock.now THEN 'scheduled' ELSE 'pending' END, CASE WHEN due > clock.now THEN due END
FROM clock, unnest(
         :ids::text[], :kinds::text[], :queues::text[], :params::text[], :priorities::bigint[], :owners::text[],
         :keys::text[], :max_retries::bigint[], :on_crashes::text[], :delays::bigint[], :run_ats::bigint[]
     ) WITH ORDINALITY
     AS new (id, kind, queue, params, priority, owner, key, max_retries, on_crash, delay, run_at, place),
     LATERAL (SELECT coalesce(new.run_at, clock.now + new.delay)) AS later (due)
WHERE :is_checked::boolean
   OR NOT EXISTS (SELECT FROM jobhive_queue WHERE depth_limit IS NOT NULL AND name = ANY (:queues::text[]))
ORDER BY place
ON CONFLICT DO NOTHING
RETURNING id, run_at IS NOT NULL;
