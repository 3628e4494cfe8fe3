-- lock_depths.sql: the depth limits of these queues; who adds jobs to one of them waits for the others who do.
SELECT name, depth_limit FROM jobhive_queue
WHERE name = ANY (:queues::text[]) AND depth_limit IS NOT NULL
ORDER BY name
FOR UPDATE;
