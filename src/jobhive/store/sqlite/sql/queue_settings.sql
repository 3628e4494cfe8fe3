-- queue_settings.sql: settings of the queues that have any.
SELECT name, is_paused, running_limit, depth_limit FROM queue;
