-- running_in_queue.sql: how many jobs of a queue run now.
SELECT count(*) FROM job WHERE state = 'running' AND queue = :queue;
