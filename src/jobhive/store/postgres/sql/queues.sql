-- queues.sql: figures of every queue that holds open jobs or has settings.
WITH open_jobs (queue, pending, scheduled, waiting, running, oldest) AS (
    SELECT queue, count(*), 0, 0, 0, min(seq) FROM jobhive_job WHERE state = 'pending' GROUP BY queue
    UNION ALL
    SELECT queue, 0, count(*), 0, 0, NULL FROM jobhive_job WHERE state = 'scheduled' GROUP BY queue
    UNION ALL
    SELECT queue, 0, 0, 0, count(*), NULL FROM jobhive_job
    WHERE lease_until BETWEEN 0 AND 9223372036854775807 GROUP BY queue
    UNION ALL
    SELECT name, 0, 0, 0, 0, NULL FROM jobhive_queue
),
figures AS (
    SELECT queue, sum(pending)::bigint AS pending, sum(scheduled)::bigint AS scheduled,
           sum(waiting)::bigint AS waiting, sum(running)::bigint AS running, max(oldest) AS oldest
    FROM open_jobs GROUP BY queue
)
SELECT figures.queue, pending, scheduled, waiting, running,
       (SELECT jobhive_now_ms(:offset)) - (
           SELECT created_at FROM jobhive_job WHERE state = 'pending' AND queue = figures.queue AND seq = oldest
       ),
       settings.running_limit, settings.depth_limit, coalesce(settings.is_paused, false)
FROM figures LEFT JOIN jobhive_queue AS settings ON settings.name = figures.queue
ORDER BY figures.queue COLLATE "C";
