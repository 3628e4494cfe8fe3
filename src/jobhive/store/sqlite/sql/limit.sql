-- limit.sql: set the limits of a queue that are named; the other one stays as it is.
INSERT INTO queue (name, running_limit, depth_limit) VALUES (:queue, :running, :depth)
ON CONFLICT (name) DO UPDATE SET
    running_limit = iif(:names_running, excluded.running_limit, running_limit),
    depth_limit = iif(:names_depth, excluded.depth_limit, depth_limit);
