-- depth_limits.sql: the queues that refuse jobs above a depth.
SELECT name, depth_limit FROM queue WHERE depth_limit IS NOT NULL;
