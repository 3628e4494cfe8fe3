-- limit.sql: set the limits of a queue that are named; the other one stays as it is.
INSERT INTO jobhive_queue AS queue (name, running_limit, depth_limit) VALUES (:queue, :running, :depth)
ON CONFLICT (name) DO UPDATE SET
    running_limit = CASE WHEN :names_running::boolean THEN excluded.running_limit ELSE queue.running_limit END,
    depth_limit = CASE WHEN :names_depth::boolean THEN excluded.depth_limit ELSE queue.depth_limit END;
