-- insert_alike.sql: store new jobs that differ in id and params only, in the order given, unless their queue has a depth
-- limit. Told: how many were stored, and how many of them for later. An id that is there already fails the statement: to
-- look for it first, as ON CONFLICT does, costs a fifth of the insert.
WITH clock AS MATERIALIZED (SELECT jobhive_now_ms(:offset) AS now),
stored AS (
    INSERT INTO jobhive_job (id, kind, queue, params, priority, owner, max_retries, on_crash, created_at, state, run_at)
    SELECT id, :kind::text, :queue::text, params, :priority::bigint, :owner::text, :max_retries::bigint,
           :on_crash::text, clock.now,
           CASE WHEN due > clock.now THEN 'scheduled' ELSE 'pending' END, CASE WHEN due > clock.now THEN due END
    FROM clock, unnest(:ids::text[], :params::text[]) WITH ORDINALITY AS new (id, params, place),
         LATERAL (SELECT coalesce(:run_at_ms::bigint, clock.now + :delay_ms::bigint)) AS later (due)
    WHERE NOT EXISTS (SELECT FROM jobhive_queue WHERE depth_limit IS NOT NULL AND name = :queue::text)
    ORDER BY place
    RETURNING run_at
)
SELECT count(*), count(run_at) FROM stored;
