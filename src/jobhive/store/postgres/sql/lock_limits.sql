-- lock_limits.sql: who claims from a limited queue waits for the others who do, so that together they keep the limit.
SELECT name FROM jobhive_queue
WHERE name = ANY (:queues::text[]) AND running_limit IS NOT NULL
ORDER BY name
FOR UPDATE;
