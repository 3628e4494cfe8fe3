-- running_in_queue.sql: how many jobs of a queue run now.
SELECT count(*) FROM jobhive_job WHERE lease_until IS NOT NULL AND queue = :queue;
