-- running_in_queue.sql: how many jobs of a queue run now.
SELECT count(*) FROM jobhive_job WHERE lease_until BETWEEN 0 AND 9223372036854775807 AND queue = :queue;
