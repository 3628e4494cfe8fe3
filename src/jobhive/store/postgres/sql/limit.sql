-- limit.sql: set both limits of a queue.
INSERT INTO jobhive_queue (name, running_limit, depth_limit) VALUES (:queue, :running, :depth)
ON CONFLICT (name) DO UPDATE SET running_limit = excluded.running_limit, depth_limit = excluded.depth_limit;
