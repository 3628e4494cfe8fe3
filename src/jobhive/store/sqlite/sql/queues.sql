-- queues.sql: figures of every queue that holds open jobs or has settings.
WITH open_jobs (queue, pending, scheduled, waiting, running, oldest) AS (
    SELECT queue, count(*), 0, 0, 0, min(seq) FROM job WHERE state = 'pending' GROUP BY queue
    UNION ALL
    SELECT queue, 0, count(*), 0, 0, NULL FROM job WHERE state = 'scheduled' GROUP BY queue
    UNION ALL
    SELECT queue, 0, 0, 0, count(*), NULL FROM job WHERE state = 'running' GROUP BY queue
    UNION ALL
    SELECT name, 0, 0, 0, 0, NULL FROM queue
),
figures AS (
    SELECT queue, sum(pending) AS pending, sum(scheduled) AS scheduled, sum(waiting) AS waiting,
           sum(running) AS running, max(oldest) AS oldest
    FROM open_jobs GROUP BY queue
)
SELECT figures.queue, pending, scheduled, waiting, running,
       :now - (SELECT created_at FROM job WHERE seq = oldest),
       queue.running_limit, queue.depth_limit, coalesce(queue.is_paused, 0)
FROM figures LEFT JOIN queue ON queue.name = figures.queue
ORDER BY figures.queue;
