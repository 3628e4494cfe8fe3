-- depth.sql: jobs of a queue that wait for a worker or for their time, the arrival of the oldest pending one, and now.
SELECT pending.depth + (SELECT count(*) FROM jobhive_job WHERE state = 'scheduled' AND queue = :queue),
       (SELECT created_at FROM jobhive_job WHERE state = 'pending' AND queue = :queue AND seq = pending.oldest),
       jobhive_now_ms(:offset)
FROM (SELECT count(*), min(seq) FROM jobhive_job WHERE state = 'pending' AND queue = :queue) AS pending (depth, oldest);
